"""Stages kept by the hash of their inputs, so that no work is done twice and an interrupted stage goes on where it was."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import digest, sha256_once, whole
from .locks import locked
from .terminal import say

RECORD = "stage.json"
"""Beside a stage's output: its inputs, the SHA-256 of each of its files, and the seconds that it took."""


class Cache:
    """A folder of finished stages: ``<folder>/<stage>/<hash of the inputs>/``, with its record in ``stage.json`` beside the output.

    A finished stage is only read, so that a cache may lie where the user cannot write, as long as it has all that is needed.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def place(self, name: str, inputs: dict[str, Any]) -> Path:
        """The folder of a stage, there or not."""
        return self.folder / name / digest(inputs)[:16]

    def has(self, name: str, inputs: dict[str, Any]) -> bool:
        """Whether the stage is finished, and all its files are as they were written."""
        final = self.place(name, inputs)
        return final.is_dir() and damage(final) is None

    def stage(self, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """Returns the folder with the output of a stage, calling ``make(unfinished folder)`` if it is not there, or damaged.

        ``make`` finds in its folder what an interrupted call left there. The folder gets its name only once ``make`` has
        returned; two processes that want one stage wait for each other. Raises InputError where the stage has to be made and the
        cache cannot be written.
        """
        final = self.place(name, inputs)
        if self.has(name, inputs):
            return final
        part, torn = (final.with_name(f".{final.name}.{kind}") for kind in ("part", "damaged"))
        with ExitStack() as held:
            with self._writing(final):
                final.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(final.with_name(f".{final.name}.lock")))
            if torn.exists():
                shutil.rmtree(torn)
            if final.is_dir():
                broken = damage(final)
                if broken is None:
                    return final
                say(f"{final / broken}: not as it was written; the stage is made again")
                os.replace(final, torn)  # no half of it stands under its name if this is killed
                shutil.rmtree(torn)
            part.mkdir(exist_ok=True)
            started = time.monotonic()
            make(part)
            _finish(part, inputs, time.monotonic() - started)
            os.replace(part, final)
        return final

    @contextmanager
    def _writing(self, final: Path) -> Iterator[None]:
        """Turns a refusal to write into one line that says what for."""
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            why = f"{broken} in it is damaged" if (broken := final.is_dir() and damage(final)) else "not in this cache"
            raise InputError(f"{final}: {why}, and you may not write there; name a folder of your own with --cache-dir") from None


def damage(stage: Path) -> str | None:
    """The first file of a finished stage that is not as it was written; None where all are.

    A stage's files are read for it once a process, and again where their sizes or times have changed.
    """
    record = _record(stage)
    if record is None:
        return RECORD
    for name, written in record["files"].items():
        file = stage / name
        if not file.is_file() or sha256_once(file) != written:
            return str(name)
    return None


def _record(stage: Path) -> dict[str, Any] | None:
    """A stage's record; None where there is none, or not one of this stage."""
    try:
        record = dict(json.loads((stage / RECORD).read_text(encoding="utf-8")))
        own = digest(record["inputs"])[:16] == stage.name and record["seconds"] >= 0 and isinstance(record["files"], dict)
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None
    return record if own else None


def _finish(part: Path, inputs: dict[str, Any], taken: float) -> None:
    """Writes the record of a stage whose files are all there, and lets those read it who may read what this user writes."""
    files = sorted(path for path in part.rglob("*") if not path.is_dir() and path.name != RECORD)
    for left in (path for path in files if path.match(".*.part")):
        left.unlink()  # of a process that was killed: the lock of the stage is ours
    files = [path for path in files if path.is_file()]
    with whole(part / RECORD) as file:
        hashes = {path.relative_to(part).as_posix(): sha256_once(path) for path in files}
        json.dump({"inputs": inputs, "files": hashes, "seconds": round(taken, 1)}, file, indent=1, sort_keys=True, ensure_ascii=False)
    usual = (part / RECORD).stat().st_mode & 0o777
    for path in files:
        if not path.is_symlink() and path.stat().st_mode & 0o777 != usual:
            path.chmod(usual)  # safetensors writes for its owner alone


def seconds(stage: Path) -> float:
    """How long a finished stage took when it was made."""
    return float(json.loads((stage / RECORD).read_text(encoding="utf-8"))["seconds"])


def empty(folder: Path) -> None:
    """Removes what is in a folder: for stages that cannot go on from a part and start again."""
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
