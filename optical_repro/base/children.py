"""Processes that do a part of a command's work beside it, and end when it does, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import Any

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, of Linux's prctl(2)."""


def start(module: str, **pipes: Any) -> subprocess.Popen[bytes]:
    """Runs a module of this package, which begins with ``end_with_parent``; ``pipes`` are those of ``subprocess.Popen``."""
    return subprocess.Popen([sys.executable, "-m", module, str(os.getpid())], **pipes)


def end_with_parent() -> None:
    """In a process that ``start`` began: lets the system kill it when its parent dies, where the system is Linux."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):  # it died before
        sys.exit(1)
