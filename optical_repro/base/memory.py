"""Return of freed memory to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Gives freed memory back to the system, if the C library is glibc.

    glibc keeps blocks below 32 MB for reuse (mallopt(3)), and those of one stage seldom fit the next.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
