"""How a command speaks: its words to the person at the terminal, its exit status, and where the noise of libraries goes."""

from __future__ import annotations

import argparse
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
    """A command line whose errors are one line, and whose description stands as it is written."""

    def __init__(self, prog: str, description: str | None, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As argparse's; what it prints, it prints on any terminal."""
        say_what_can_be_said()
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Ends with exit status 2 and a line that says what is wrong."""
        self.exit(2, f"error: {one_line(message)}; {self.prog} --help tells what it takes\n")


def say(*words: str) -> None:
    """Prints a line at once; what would steer the terminal is shown, and not obeyed."""
    print(*map(shown, words), flush=True)


def shown(text: str) -> str:
    """A text whose control characters, but for tabs, line ends and the colours of `marks` on a terminal, are written out: ``\\x1b``.

    Ids and titles come from files of anyone's, and a terminal does what an escape sequence in them says.
    """
    colours = r"(?!\x1b\[(?:1;33|0)m)" if sys.stdout.isatty() else ""
    return re.sub(rf"{colours}[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def say_what_can_be_said() -> None:
    """Lets what the terminal's encoding lacks be printed as ``?``, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def utf8(text: str, what: str) -> str:
    """A text from the command line; raises InputError where it was not UTF-8, as from a terminal of another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{what}: not UTF-8; set the terminal to UTF-8") from None
    return text


def duration(seconds: float) -> str:
    """``42 s`` or ``7 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def log_path() -> Path:
    """The file that takes what is of use only when something breaks (OPTICAL_LOG, else in the cache); no file where none can be written."""
    path = Path(os.environ.get("OPTICAL_LOG") or default_folder() / "log.txt")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError:
        return Path(os.devnull)
    return path


def hush_transformers() -> None:
    """Keeps the bars and remarks of transformers and what it imports, which are about their own workings, off the terminal."""
    # On machines without a writable shared memory, which nothing here needs.
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def run_command(main: Callable[[], None], cache: Path | None = None) -> int:
    """Runs a command; returns its exit status: 0 done, 2 bad arguments or input (one line), 130 interrupted, 1 anything else.

    ``cache``: the folder that it was given with --cache-dir.
    """
    say_what_can_be_said()
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
        if _no_space(error):
            where = f" for {error.filename}" if isinstance(error, OSError) and error.filename else ""
            remedy = "free some, or name another place with --cache-dir and --runs-dir"
            print(f"error: no space left on the disk{one_line(where)}; {remedy}", file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            print(one_line(f"error: {error.filename}: a name longer than the disk allows; choose a shorter one"), file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            print(one_line(f"error: {error.filename}: {_refused(error.filename)}"), file=sys.stderr)
            return 2
        _log_failure()
        log = log_path()
        details = f"details: {log}" if log.is_file() else "no log could be written; name a file for it with OPTICAL_LOG"
        print(one_line(f"error: {type(error).__name__}: {' '.join(str(error).split())} ({details})"), file=sys.stderr)
        return 1
    return 0


FULL = ("No space left on device", "Disk quota exceeded", "unexpected pos", "PytorchStreamWriter failed writing", " requested and ")
"""What libraries say of a full disk: most the system's words, torch and numpy their own."""


def _refused(name: str | None) -> str:
    """Whether it was reading or writing that was not allowed, and what to do."""
    try:
        unreadable = bool(name and os.stat(name)) and not os.access(str(name), os.R_OK)
    except PermissionError:
        unreadable = True
    except OSError:  # not there: it was to be written
        unreadable = False
    return f"not allowed to {'read it; change its permissions' if unreadable else 'write there; name a folder of your own'}"


def _no_space(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(words in str(error) for words in FULL)


def _log_failure() -> None:
    with log_path().open("a", encoding="utf-8") as log:
        log.write(f"\n--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{traceback.format_exc()}")
