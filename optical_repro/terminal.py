"""How a command speaks: its words to the person at the terminal, its exit status, and where the noise of libraries goes."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from .cache import default_folder
from .errors import InputError


class Parser(argparse.ArgumentParser):
    """A command line whose errors are one line, and whose description stands as it is written."""

    def __init__(self, prog: str, description: str | None, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        """Ends with exit status 2 and a line that says what is wrong."""
        self.exit(2, f"error: {message}; {self.prog} --help tells what it takes\n")


def say(*words: str) -> None:
    """Prints a line at once."""
    print(*words, flush=True)


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
    """The file that takes what is of use only when something breaks (OPTICAL_LOG, else in the cache)."""
    path = Path(os.environ.get("OPTICAL_LOG") or default_folder() / "log.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def hush_transformers() -> None:
    """Keeps the bars and remarks of transformers and what it imports, which are about their own workings, off the terminal."""
    # On machines without a writable shared memory, which nothing here needs.
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def run_command(main: Callable[[], None]) -> int:
    """Runs a command; returns its exit status: 0 done, 2 bad arguments or input (one line), 130 interrupted, 1 anything else."""
    try:
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
            print(f"error: no space left on the disk{where}; {remedy}", file=sys.stderr)
            return 2
        if isinstance(error, PermissionError):
            print(f"error: {error.filename}: not allowed to write there; name a folder of your own", file=sys.stderr)
            return 2
        _log_failure()
        print(f"error: {type(error).__name__}: {' '.join(str(error).split())} (details: {log_path()})", file=sys.stderr)
        return 1
    return 0


FULL = ("No space left on device", "Disk quota exceeded", "unexpected pos", "PytorchStreamWriter failed writing", " requested and ")
"""What libraries say of a full disk: most the system's words, torch and numpy their own."""


def _no_space(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(words in str(error) for words in FULL)


def _log_failure() -> None:
    with log_path().open("a", encoding="utf-8") as log:
        log.write(f"\n--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{traceback.format_exc()}")
