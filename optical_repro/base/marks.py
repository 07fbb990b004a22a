"""Highlighted words: bold and coloured on a terminal, between *asterisks* elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def marked(text: str) -> str:
    """Highlights a text; with NO_COLOR and on dumb terminals by asterisks too."""
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\033[1;33m{text}\033[0m" if coloured else f"*{text}*"


def mark(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Highlights spans (start, end) of characters in a text; spans in order, without overlap.

    >>> mark("A bird in the hand", [(2, 6), (14, 18)])
    'A *bird* in the *hand*'
    """
    parts, end = [], 0
    for start, span_end in spans:
        parts += [text[end:start], marked(text[start:span_end])]
        end = span_end
    return "".join([*parts, text[end:]])
