"""Keeps output of libraries and Java off the terminal: it goes to the log file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .terminal import log_path


@contextmanager
def quiet() -> Iterator[None]:
    """Sends standard output and error to the log file.

    Redirects the file descriptors 1 and 2, because Java and compiled libraries write to those.
    """
    _flush()
    terminal = os.dup(1), os.dup(2)
    log = os.open(log_path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        yield
    finally:
        _flush()
        for descriptor, target in zip(terminal, (1, 2), strict=True):
            os.dup2(descriptor, target)
            os.close(descriptor)
        os.close(log)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
