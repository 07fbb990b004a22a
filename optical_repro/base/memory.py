"""Memory that is free again."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Gives freed memory back to the system, where the C library is glibc.

    It keeps blocks below 32 MB for later (mallopt(3)), and those of one stage seldom fit the next.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
