"""Files: text and JSON read with errors that name the line, files written whole or not at all, hashes."""

from __future__ import annotations

import codecs
import errno
import glob
import gzip
import hashlib
import io
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
from .locks import claim, remove_abandoned

LONGEST = 64 * 2**20
"""The most bytes in a line, or in a file read whole: longer ones are not text, and would fill the memory."""

SIGNATURES = {
    b"\xff\xfe\0\0": "the file is UTF-32: save it as UTF-8",
    b"\xff\xfe": "the file is UTF-16: save it as UTF-8",
    b"\xfe\xff": "the file is UTF-16: save it as UTF-8",
    b"\x1f\x8b": "the file is gzip: give it a name that ends in .gz",
    b"PK\3\4": "the file is a zip archive: unpack it, or, if it is a workbook, save it as CSV UTF-8",
}
"""First bytes of files that are not UTF-8 text, with the remedy."""


DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, struct.error)
"""Exceptions that Python's readers of packed files raise for damaged files."""


@contextmanager
def opened(path: Path | str, line: Callable[[], int] | None = None) -> Iterator[IO[bytes]]:
    """Opens a file for reading bytes, gzip accepted; ``line`` gives the reader's line number, for errors.

    Raises InputError for a folder, pipe or device, a missing or unreadable file, and broken gzip.
    """
    path = Path(path)
    try:
        if "\0" in str(path):
            raise FileNotFoundError
        # Opening a pipe blocks, and it cannot be read twice, as every input is.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is {_file_type(mode)}; expected a file")
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


def _file_type(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def raw_lines(path: Path | str) -> Iterator[tuple[int, bytes]]:
    """Yields (line number from 1, line with its end) of a file as bytes, gzip accepted, blank lines too.

    Raises InputError as ``opened``, and for a line longer than ``LONGEST``.
    """
    number = 0
    with opened(path, lambda: number + 1) as file:
        for number, raw in enumerate(bounded_lines(file), 1):
            if len(raw) > LONGEST:
                raise bad_line(path, number, f"a line of more than {LONGEST >> 20} MB", "text, one record a line")
            yield number, raw


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file; of a longer line only the first ``LONGEST`` + 1 bytes."""
    return iter(lambda: file.readline(LONGEST + 1), b"")


def lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line without its end) of a UTF-8 text file, gzip accepted; blank lines are skipped.

    Raises InputError as ``raw_lines``, and for other encodings and binary files.
    """
    for number, raw in raw_lines(path):
        line = decode(raw, path, number).rstrip("\r\n")
        if line.strip():
            yield number, line


def text_lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line with its end) of a text file as spreadsheets write them: UTF-8, or UTF-16 with a byte order mark.

    Blank lines too. Raises InputError as ``lines``, and for a UTF-16 file of more than ``LONGEST`` bytes, because it is read whole.
    """
    with opened(path) as file:
        start = file.read(4)
        raw = file.read(LONGEST + 1) if (utf16 := start[:2] in UTF16 and start[2:] != b"\0\0") else b""
    if not utf16:
        yield from ((number, decode(line, path, number)) for number, line in raw_lines(path))
        return
    if len(raw) > LONGEST:
        raise InputError(f"{path}: UTF-16 of more than {LONGEST >> 20} MB; save it as UTF-8")
    try:
        text = (start + raw).decode("utf-16")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: damaged UTF-16 after {error.start} bytes; save it as UTF-8") from None
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if "\0" in line:
            raise bad_line(path, number, "a NUL character", "text in UTF-16, or in UTF-8")
        yield number, line


UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Byte order marks."""


def decode(raw: bytes, path: Path | str, number: int) -> str:
    """A line as text, without a byte order mark; raises InputError if it is not UTF-8 or has a NUL character."""
    try:
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise bad_line(path, number, f"byte {error.object[error.start]:#04x} is not UTF-8", f"UTF-8 text{_hint(raw, number)}") from None
    if "\0" in line:
        raise bad_line(path, number, "a NUL character", f"UTF-8 text{_hint(raw, number) or ' (is the file binary, or UTF-16?)'}")
    return line


def _hint(raw: bytes, number: int) -> str:
    """What kind of file starts with these bytes, with the remedy, in brackets; empty if unknown."""
    return next((f" ({remedy})" for start, remedy in SIGNATURES.items() if number == 1 and raw.startswith(start)), "")


def read_text(path: Path | str) -> str:
    """Reads a whole file of UTF-8 text; raises InputError as ``lines``, and for a file of more than ``LONGEST`` bytes."""
    with opened(path) as file:
        raw = file.read(LONGEST + 1)
    if len(raw) > LONGEST:
        raise InputError(f"{path}: more than {LONGEST >> 20} MB; expected a smaller file")
    return decode(raw, path, 1)


def read_json(path: Path | str, expected: str) -> Any:
    """Reads a JSON file; raises InputError if it is not JSON, or not UTF-8. ``expected``: what it should hold, for errors."""
    value, wrong, detail, line = _parse(read_text(path))
    if wrong:
        place = f"{path}:{line}" if line > 1 else str(path)  # a file of one line needs no number
        raise InputError(f"{place}: {wrong}{f' ({detail})' if detail else ''}; expected {expected}")
    return value


def json_lines(path: Path | str, expected: str) -> Iterator[tuple[int, Any]]:
    """Yields (line number from 1, value) of a file with JSON on each line; raises InputError for a line that is not JSON."""
    for number, line in lines(path):
        value, wrong, *_ = _parse(line)
        if wrong:
            raise bad_line(path, number, wrong, expected)
        yield number, value


def _parse(text: str) -> tuple[Any, str, str, int]:
    """(value of a JSON text, what is wrong with it, details and line from the parser); empty, and 0, if unknown or nothing is wrong."""
    value = None
    try:
        value = parse_json(text)
        if ESCAPED.search(text):  # Half a surrogate pair, which UTF-8 cannot encode.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return value, f"half a surrogate pair in {_record_id(value)}", "", 0
    except RecursionError:
        return value, "JSON nested too deeply", "", 0
    except json.JSONDecodeError as error:
        return value, "not JSON", str(error), error.lineno
    except ValueError:
        return value, "not JSON", "a number of thousands of digits", 0
    return value, "", "", 0


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text that others wrote. Raises ValueError if it is none, RecursionError for more than ``DEEPEST`` levels.

    Python's own parser raises one too, but from another depth in each version, and in some the process may end before.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    if text.count("[") + text.count("{") > DEEPEST:
        depth = 0
        for match in MARKS.finditer(text):
            depth += LEVELS.get(match[0], 0)
            if depth > DEEPEST:
                raise RecursionError
    return json.loads(text)


DEEPEST = 500
"""The most levels of a JSON text."""

MARKS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)
"""Strings, and the brackets outside them; the last string may lack its end."""

LEVELS = {"[": 1, "{": 1, "]": -1, "}": -1}


def _record_id(value: Any) -> str:
    """The id of a record; "it" if there is none."""
    identity = document_id(value) if isinstance(value, dict) else None
    return str(identity) if isinstance(identity, str | int) else "it"


def document_id(record: dict[str, Any]) -> Any:
    """What a record of a document has as its id, under any of the names that are read; None if it has none."""
    return record.get("id", record.get("docid", record.get("_id")))


ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


def own_name(path: Path | str) -> str:
    """The last part of a path: of a link its own name, not its target's; of ``.`` the folder's name."""
    return os.path.basename(os.path.abspath(path))


def make_folder(path: Path, how: str = "") -> None:
    """Makes a folder if it is missing; raises InputError if that fails, with ``how`` to name another."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: no folder can be made there ({os.strerror(error.errno or 0)}); name another{how}") from None


@contextmanager
def whole(path: Path | str, mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a file for writing; it gets its name only once it is complete, so a kill leaves nothing."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file to write")
    make_folder(path.parent)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        remove_abandoned(leftover)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open(mode, encoding=None if "b" in mode else "utf-8", newline=None if "b" in mode else "\n") as file:
            if not claim(file, part):
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
    """The same; each process reads the file once, and again if its size or times change."""
    status = path.stat()
    key = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if key not in _hashes:
        value = sha256(path)
        if time.time_ns() - status.st_ctime_ns < FRESH:
            return value
        _hashes[key] = value
    return _hashes[key]


_hashes: dict[tuple[Path, int, int, int, int], str] = {}

FRESH = 100_000_000
"""Nanoseconds within which a file may change without new times, because file systems count in ticks."""


def digest(value: Any) -> str:
    """SHA-256 of a value of JSON types, the same on every machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
