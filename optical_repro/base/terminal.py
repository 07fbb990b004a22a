"""Commands at the terminal: their arguments, output, errors, exit status and log."""

from __future__ import annotations

import argparse
import difflib
import errno
import os
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from .errors import InputError, one_line
from .places import default_folder, settle


class Parser(argparse.ArgumentParser):
    """An argument parser with one-line errors and a description that is not wrapped."""

    def __init__(self, prog: str, description: str | None, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As argparse's, but printing never fails because of the terminal's encoding."""
        replace_unprintable()
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Exits with status 2 and a one-line error."""
        named = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        near = difflib.get_close_matches(named[1], self._option_string_actions, 1) if named else []
        meant = f"; did you mean {near[0]}?" if near else ""
        self.exit(2, f"error: {one_line(message)}{meant}; {self.prog} --help tells what it takes\n")


def say(*words: str) -> None:
    """Prints a line at once, with control characters escaped."""
    print(*map(escape_controls, words), flush=True)


def escape_controls(text: str) -> str:
    """Escapes control characters (``\\x1b``), except tabs, line ends and, on a terminal, the colours of `marks`.

    Ids and titles come from files that may hold escape sequences, which a terminal would obey.
    """
    colours = r"(?!\x1b\[(?:1;33|0)m)" if sys.stdout.isatty() else ""
    return re.sub(rf"{colours}[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda match: f"\\x{ord(match[0]):02x}", text)


def replace_unprintable() -> None:
    """Prints characters that the terminal's encoding lacks as ``?``, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def utf8(text: str, what: str) -> str:
    """Returns a text from the command line; raises InputError if it is not UTF-8, as on a terminal with another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{what}: not UTF-8; set the terminal to UTF-8") from None
    return text


def duration(seconds: float) -> str:
    """``42 s`` or ``7 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def log_path() -> Path:
    """The log file, for details of failures: OPTICAL_LOG, else in the cache; the null device if it is not writable."""
    path = Path(os.environ.get("OPTICAL_LOG") or default_folder() / "log.txt")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError:
        return Path(os.devnull)
    return path


def hush_transformers() -> None:
    """Keeps progress bars and warnings of transformers, and of what it imports, off the terminal."""
    # Comes on machines without a writable shared memory, which nothing here needs.
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def run_command(main: Callable[[], None], cache: Path | None = None) -> int:
    """Runs a command; returns its exit status: 0 success, 2 bad arguments or input (one line), 130 interrupted, 1 any other error.

    ``cache``: the folder set by --cache-dir.
    """
    replace_unprintable()
    try:
        settle(cache)
        main()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is lost: the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if _is_disk_full(error):
            where = f" for {error.filename}" if isinstance(error, OSError) and error.filename else ""
            remedy = "free some, or name another place with --cache-dir and --runs-dir"
            print(f"error: no space left on the disk{one_line(where)}; {remedy}", file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            print(one_line(f"error: {error.filename}: a name longer than the disk allows; choose a shorter one"), file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            print(one_line(f"error: {error.filename}: {_permission_error(error.filename)}"), file=sys.stderr)
            return 2
        _log_failure()
        log = log_path()
        details = f"details: {log}" if log.is_file() else "no log could be written; name a file for it with OPTICAL_LOG"
        print(one_line(f"error: {type(error).__name__}: {' '.join(str(error).split())} ({details})"), file=sys.stderr)
        return 1
    return 0


FULL = ("No space left on device", "Disk quota exceeded", "unexpected pos", "PytorchStreamWriter failed writing", " requested and ")
"""Messages for a full disk: the system's, and those of torch and numpy."""


def _permission_error(name: str | None) -> str:
    """Says whether reading or writing was not allowed, and what to do."""
    try:
        unreadable = bool(name and os.stat(name)) and not os.access(str(name), os.R_OK)
    except PermissionError:
        unreadable = True
    except OSError:  # it does not exist: writing failed
        unreadable = False
    return f"not allowed to {'read it; change its permissions' if unreadable else 'write there; name a folder of your own'}"


def _is_disk_full(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(words in str(error) for words in FULL)


def _log_failure() -> None:
    with log_path().open("a", encoding="utf-8") as log:
        log.write(f"\n--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{traceback.format_exc()}")
