"""A cache of stages, by the hash of their inputs: no work is done twice, and an interrupted stage resumes."""

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
"""The file beside a stage's output: its inputs, the SHA-256 of each of its files, and the seconds it took."""


class Cache:
    """A folder of finished stages: ``<folder>/<stage>/<hash of the inputs>/``, with a record in ``stage.json`` beside the output.

    Finished stages are only read, so a cache that has all stages may be in a read-only place.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def place(self, name: str, inputs: dict[str, Any]) -> Path:
        """The folder of a stage, whether it exists or not."""
        return self.folder / name / digest(inputs)[:16]

    def has(self, name: str, inputs: dict[str, Any]) -> bool:
        """Whether the stage is finished and its files are unchanged since."""
        final = self.place(name, inputs)
        return final.is_dir() and damage(final) is None

    def stage(self, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """Returns the folder with a stage's output; calls ``make(unfinished folder)`` first if it is missing or damaged.

        An interrupted call leaves its files in the unfinished folder for the next one. The folder gets its name once ``make`` has
        returned. Processes that want the same stage wait for each other. Raises InputError if the stage has to be made and the
        cache is not writable.
        """
        final = self.place(name, inputs)
        if self.has(name, inputs):
            return final
        part, damaged_folder = (final.with_name(f".{final.name}.{kind}") for kind in ("part", "damaged"))
        with ExitStack() as stack:
            with self._writing(final):
                final.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(final.with_name(f".{final.name}.lock")))
            if damaged_folder.exists():
                shutil.rmtree(damaged_folder)
            if final.is_dir():
                damaged_file = damage(final)
                if damaged_file is None:
                    return final
                say(f"{final / damaged_file}: not as it was written; the stage is made again")
                os.replace(final, damaged_folder)  # a kill must not leave half of it under its name
                shutil.rmtree(damaged_folder)
            part.mkdir(exist_ok=True)
            started = time.monotonic()
            make(part)
            _finish(part, inputs, time.monotonic() - started)
            os.replace(part, final)
        return final

    @contextmanager
    def _writing(self, final: Path) -> Iterator[None]:
        """Turns a permission error into an InputError that names the stage."""
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            reason = f"{damaged_file} in it is damaged" if (damaged_file := final.is_dir() and damage(final)) else "not in this cache"
            raise InputError(f"{final}: {reason}, and you may not write there; name a folder of your own with --cache-dir") from None


def damage(stage: Path) -> str | None:
    """The first file of a finished stage that has changed since it was written; None if none has.

    Each process reads a file once, and again if its size or times change.
    """
    record = _record(stage)
    if record is None:
        return RECORD
    for name, expected in record["files"].items():
        file = stage / name
        if not file.is_file() or sha256_once(file) != expected:
            return str(name)
    return None


def _record(stage: Path) -> dict[str, Any] | None:
    """A stage's record; None if it is missing, broken or of another stage."""
    try:
        record = dict(json.loads((stage / RECORD).read_text(encoding="utf-8")))
        valid = digest(record["inputs"])[:16] == stage.name and record["seconds"] >= 0 and isinstance(record["files"], dict)
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None
    return record if valid else None


def _finish(part: Path, inputs: dict[str, Any], elapsed: float) -> None:
    """Writes the record of a complete stage, and gives all its files the permissions of a new file."""
    files = sorted(path for path in part.rglob("*") if not path.is_dir() and path.name != RECORD)
    for leftover in (path for path in files if path.match(".*.part")):
        leftover.unlink()  # of a killed process: we hold the lock of the stage
    files = [path for path in files if path.is_file()]
    with whole(part / RECORD) as file:
        hashes = {path.relative_to(part).as_posix(): sha256_once(path) for path in files}
        json.dump({"inputs": inputs, "files": hashes, "seconds": round(elapsed, 1)}, file, indent=1, sort_keys=True, ensure_ascii=False)
    default_mode = (part / RECORD).stat().st_mode & 0o777
    for path in files:
        if not path.is_symlink() and path.stat().st_mode & 0o777 != default_mode:
            path.chmod(default_mode)  # safetensors gives its owner alone access


def seconds(stage: Path) -> float:
    """The seconds that a finished stage took."""
    return float(json.loads((stage / RECORD).read_text(encoding="utf-8"))["seconds"])


def empty(folder: Path) -> None:
    """Empties a folder: for stages that cannot resume and start again."""
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
