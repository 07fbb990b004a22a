"""Locks that a kill takes away: of a process on a file's name, held as long as the file is open."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock of that name, waiting for another process that holds it; its file is there only as long as somebody does."""
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, path):  # who held it before has taken the name away
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def claimed(file: IO[Any], path: Path) -> bool:
    """Marks an open file as that of a living process; False where another took it for a dead one's and removed it, just before."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError:  # a file system without locks: then nobody takes it for a dead one's either
        return True
    return _is_at(file, path)


def remove_abandoned(path: Path) -> None:
    """Removes a file that was marked by a process that has died since; leaves a living one's."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except OSError:  # held, gone already, not ours, or no locks here
        return


def _is_at(file: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
