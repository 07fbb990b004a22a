"""Reading and writing files: text read line by line with errors that name the line, files complete or absent, and hashes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import InputError, bad_line


def lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line without its end) of a UTF-8 text file, gzip accepted; blank lines are passed over.

    Raises InputError for a file that is missing, unreadable, broken gzip or not UTF-8.
    """
    path = Path(path)
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                if line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise bad_line(path, number, f"byte {error.object[error.start]:#04x} is not UTF-8", "UTF-8 text") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; expected a file") from None
    except (EOFError, gzip.BadGzipFile):
        raise bad_line(path, number + 1, "broken gzip data", "a whole gzip file (download it again?)") from None
    except PermissionError:
        raise InputError(f"{path}: not readable by you; change its permissions") from None


def make_folder(path: Path) -> None:
    """Makes a folder if it is not there; raises InputError where none can be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: no folder can be made there ({os.strerror(error.errno or 0)}); name another") from None


@contextmanager
def whole(path: Path | str, mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a file for writing that appears under its name only when all of it is written (a kill leaves nothing)."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file to write")
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open(mode, encoding=None if "b" in mode else "utf-8", newline=None if "b" in mode else "\n") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def sha256(path: Path | str) -> str:
    """The file's SHA-256, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of a value made of JSON types, the same on every machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
