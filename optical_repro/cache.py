"""Stages kept by the hash of their inputs, so that no work is done twice and an interrupted stage goes on where it was."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import __version__
from .files import digest, whole

RECORD = "stage.json"
"""Beside a stage's output: its inputs, and the seconds that it took."""


def default_folder() -> Path:
    """``$OPTICAL_CACHE``, else ``optical_repro`` in the user's cache folder."""
    if named := os.environ.get("OPTICAL_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optical_repro"


class Cache:
    """A folder of finished stages: ``<folder>/<stage>/<hash of the inputs>/``, with its record in ``stage.json`` beside the output."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def stage(self, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """Returns the folder with the output of a stage, calling ``make(unfinished folder)`` if it is not there yet.

        ``make`` finds in its folder what an interrupted call left there. The folder gets its name only once ``make`` has
        returned; two processes that want one stage wait for each other.
        """
        key = digest({"version": __version__, **inputs})[:16]
        final = self.folder / name / key
        if final.is_dir():
            return final
        final.parent.mkdir(parents=True, exist_ok=True)
        with (final.parent / f".{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if final.is_dir():
                return final
            part = final.with_name(f".{key}.part")
            part.mkdir(exist_ok=True)
            started = time.monotonic()
            make(part)
            with whole(part / RECORD) as file:
                record = {"inputs": inputs, "seconds": round(time.monotonic() - started, 1)}
                json.dump(record, file, indent=1, sort_keys=True, ensure_ascii=False)
            os.replace(part, final)
        return final

    def has(self, name: str, inputs: dict[str, Any]) -> bool:
        """Whether the stage is finished."""
        return (self.folder / name / digest({"version": __version__, **inputs})[:16]).is_dir()


def seconds(stage: Path) -> float:
    """How long a finished stage took when it was made."""
    return float(json.loads((stage / RECORD).read_text(encoding="utf-8"))["seconds"])


def empty(folder: Path) -> None:
    """Removes what is in a folder: for stages that cannot go on from a part and start again."""
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
