"""File locks that end with their process, even if it is killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock at a path, waiting for other processes; the lock file exists only while one holds it."""
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, path):  # the last holder removed the file
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def claim(file: IO[Any], path: Path) -> bool:
    """Marks an open file as in use; False if another process took it for abandoned and removed it just before."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError:  # a file system without locks: no process can take it for abandoned
        return True
    return _is_at(file, path)


def remove_abandoned(path: Path) -> None:
    """Removes a file whose process has died; leaves that of a running process."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except OSError:  # in use, gone already, not ours, or a file system without locks
        return


def _is_at(file: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
