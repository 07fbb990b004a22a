"""Text of the collection for code-switching: its subjects and words are rare in parallel text."""

from __future__ import annotations

import random
from collections.abc import Iterable

from ..collections.collection import Passage

REVISION = 1
"""Raise it with every change to which spans are drawn from the same passages."""

SPAN = 16
"""Words in a span, about the length of a topic; whole sentences gave no better students and took twice the time."""


def spans(passages: Iterable[Passage], count: int, seed: int, length: int = SPAN) -> list[str]:
    """``count`` spans of ``length`` words from random places of passages (the title if there is no text); a few passages are used in turn.

    Reads the passages once and keeps at most ``count`` of them in memory.
    """
    chance = random.Random(seed)
    texts = sample((passage.text or passage.title for passage in passages), count, chance)
    return [_span(texts[index % len(texts)].split(), length, chance) for index in range(count if texts else 0)]


def _span(words: list[str], length: int, chance: random.Random) -> str:
    start = chance.randrange(max(len(words) - length, 0) + 1)
    return " ".join(words[start : start + length])


def sample(texts: Iterable[str], count: int, chance: random.Random) -> list[str]:
    """``count`` texts drawn from a stream, or all if it has no more (Vitter 1985, algorithm R), in random order."""
    reservoir: list[str] = []
    for seen, text in enumerate(texts):
        if seen < count:
            reservoir.append(text)
        elif (place := chance.randrange(seen + 1)) < count:
            reservoir[place] = text
    chance.shuffle(reservoir)
    return reservoir
