"""Reading and writing files: text read line by line with errors that name the line, files complete or absent, and hashes."""

from __future__ import annotations

import errno
import glob
import gzip
import hashlib
import json
import lzma
import os
import re
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from .errors import InputError, bad_line
from .locks import claimed, remove_abandoned

LONGEST = 64 * 2**20
"""Bytes that a line, or a JSON file read whole, may have: more is no text that people write, and would fill the memory."""

SIGNATURES = {
    b"\xff\xfe\0\0": "the file is UTF-32: save it as UTF-8",
    b"\xff\xfe": "the file is UTF-16: save it as UTF-8",
    b"\xfe\xff": "the file is UTF-16: save it as UTF-8",
    b"\x1f\x8b": "the file is gzip: give it a name that ends in .gz",
    b"PK\3\4": "the file is a zip archive: unpack it",
}
"""How files begin that are no UTF-8 text."""


DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, struct.error)
"""What Python's readers of packed files raise at damaged ones."""


@contextmanager
def opened(path: Path | str, line: Callable[[], int] | None = None) -> Iterator[IO[bytes]]:
    """Opens a file to be read as bytes, gzip accepted; ``line`` tells where in it the reader is, for errors.

    Raises InputError for what is no file (a folder, a pipe, a device), is missing or unreadable, or is broken gzip.
    """
    path = Path(path)
    try:
        if "\0" in str(path):
            raise FileNotFoundError
        # A pipe would be waited for, and cannot be read twice, as every input is.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is {_kind(mode)}; expected a file")
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield cast("IO[bytes]", file)
    except DAMAGED:
        where = f"{path}:{line()}" if line else path
        raise InputError(f"{where}: broken gzip data; expected a whole gzip file (download it again?)") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except PermissionError:
        raise InputError(f"{path}: not readable by you; change its permissions") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({os.strerror(error.errno or errno.EIO)}); check the path") from None


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def raw_lines(path: Path | str) -> Iterator[tuple[int, bytes]]:
    """Yields (line number from 1, line with its end) of a file as bytes, gzip accepted, blank lines too.

    Raises InputError as ``opened``, and for a line longer than ``LONGEST``.
    """
    number = 0
    with opened(path, lambda: number + 1) as file:
        for number, raw in enumerate(bounded(file), 1):
            if len(raw) > LONGEST:
                raise bad_line(path, number, f"a line of more than {LONGEST >> 20} MB", "text, one record a line")
            yield number, raw


def bounded(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, none read further than one byte beyond ``LONGEST``."""
    return iter(lambda: file.readline(LONGEST + 1), b"")


def lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line without its end) of a UTF-8 text file, gzip accepted; blank lines are passed over.

    Raises InputError as ``raw_lines``, and for what is not UTF-8 text: other encodings, binary files.
    """
    for number, raw in raw_lines(path):
        line = decoded(raw, path, number).rstrip("\r\n")
        if line.strip():
            yield number, line


def decoded(raw: bytes, path: Path | str, number: int) -> str:
    """A line as text, without a byte order mark; raises InputError where it is not UTF-8, or no text."""
    try:
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise bad_line(path, number, f"byte {error.object[error.start]:#04x} is not UTF-8", f"UTF-8 text{_told(raw, number)}") from None
    if "\0" in line:
        raise bad_line(path, number, "a NUL character", f"UTF-8 text{_told(raw, number) or ' (is the file binary, or UTF-16?)'}")
    return line


def _told(raw: bytes, number: int) -> str:
    """What a file is by its first bytes, in words with the remedy; empty where nobody knows."""
    return next((f" ({told})" for start, told in SIGNATURES.items() if number == 1 and raw.startswith(start)), "")


def read_text(path: Path | str) -> str:
    """A whole file of UTF-8 text; raises InputError as ``lines``, and for a file of more than ``LONGEST`` bytes."""
    with opened(path) as file:
        raw = file.read(LONGEST + 1)
    if len(raw) > LONGEST:
        raise InputError(f"{path}: more than {LONGEST >> 20} MB; expected a smaller file")
    return decoded(raw, path, 1)


def read_json(path: Path | str, expected: str) -> Any:
    """What a JSON file holds; raises InputError where it is not JSON, or not UTF-8. ``expected``: what it should hold, for errors."""
    value, wrong, why = _parsed(read_text(path))
    if wrong:
        raise InputError(f"{path}: {wrong}{f' ({why})' if why else ''}; expected {expected}")
    return value


def json_lines(path: Path | str, expected: str) -> Iterator[tuple[int, Any]]:
    """Yields (line number from 1, value) of a file with JSON on each line; raises InputError at a line without."""
    for number, line in lines(path):
        value, wrong, _ = _parsed(line)
        if wrong:
            raise bad_line(path, number, wrong, expected)
        yield number, value


def _parsed(text: str) -> tuple[Any, str, str]:
    """The value of a JSON text; what is wrong with it, empty where nothing is; and why, where the parser tells."""
    value = None
    try:
        value = json.loads(text)
        if ESCAPED.search(text):  # Half a surrogate pair, which no file in UTF-8 can hold.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return value, f"half a surrogate pair in {_named(value)}", ""
    except RecursionError:
        return value, "JSON nested too deeply", ""
    except ValueError as error:  # json's own; or a number of more digits than Python reads.
        return value, "not JSON", str(error) if isinstance(error, json.JSONDecodeError) else "a number of thousands of digits"
    return value, "", ""


def _named(value: Any) -> str:
    """A record by its id, where it has one."""
    identity = value.get("id", value.get("docid")) if isinstance(value, dict) else None
    return str(identity) if isinstance(identity, str | int) else "it"


ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


def own_name(path: Path | str) -> str:
    """The last part of a path as it is given: that of a link, not of what it leads to; of ``.``, that of the folder."""
    return os.path.basename(os.path.abspath(path))


def make_folder(path: Path, how: str = "") -> None:
    """Makes a folder if it is not there; raises InputError where none can be, ``how`` being the way to name another."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: no folder can be made there ({os.strerror(error.errno or 0)}); name another{how}") from None


@contextmanager
def whole(path: Path | str, mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a file for writing that appears under its name only when all of it is written (a kill leaves nothing)."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file to write")
    make_folder(path.parent)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        remove_abandoned(left)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open(mode, encoding=None if "b" in mode else "utf-8", newline=None if "b" in mode else "\n") as file:
            if not claimed(file, part):
                raise FileNotFoundError(errno.ENOENT, "removed while it was begun; try again", str(part))
            yield file
            file.flush()
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def sha256(path: Path | str) -> str:
    """The file's SHA-256, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_once(path: Path) -> str:
    """The same, read once a process as long as the file's size and times stay as they are."""
    stat = path.stat()
    key = (path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    if key not in _read:
        found = sha256(path)
        if time.time_ns() - stat.st_ctime_ns < FRESH:
            return found
        _read[key] = found
    return _read[key]


_read: dict[tuple[Path, int, int, int, int], str] = {}

FRESH = 100_000_000
"""Nanoseconds within which a file may change and keep its times, since file systems count in ticks."""


def digest(value: Any) -> str:
    """SHA-256 of a value made of JSON types, the same on every machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
