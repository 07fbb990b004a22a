"""Child processes that share a command's work, and end with it, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl(2)."""


def start(module: str, **pipes: Any) -> subprocess.Popen[bytes]:
    """Runs a module of this package, which must call ``end_with_parent`` first; ``pipes`` go to ``subprocess.Popen``.

    Ctrl-C on a terminal does not reach it: who waits for it must end it then (``waited_for``).
    """
    return subprocess.Popen([sys.executable, "-m", module, str(os.getpid())], start_new_session=True, **pipes)


@contextmanager
def waited_for(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Waits for a process at the end, or ends it where this process is interrupted or fails."""
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def die_with_parent() -> None:
    """Called in a new process, also as ``preexec_fn`` of ``subprocess.Popen``: on Linux, the system kills it when its parent dies."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(DIE_WITH_PARENT, signal.SIGKILL)


def end_with_parent() -> None:
    """Called in a process that ``start`` began: it ends with its parent, also if that died before."""
    die_with_parent()
    if os.getppid() != int(sys.argv[1]):  # the parent died before
        sys.exit(1)
