"""Child processes that share a command's work, and end with it, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import Any

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl(2)."""


def start(module: str, **pipes: Any) -> subprocess.Popen[bytes]:
    """Runs a module of this package, which must call ``end_with_parent`` first; ``pipes`` go to ``subprocess.Popen``."""
    return subprocess.Popen([sys.executable, "-m", module, str(os.getpid())], **pipes)


def end_with_parent() -> None:
    """Called in a process that ``start`` began: on Linux, the system kills it when its parent dies."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):  # the parent died before
        sys.exit(1)
