"""Text of the collection that will be searched, to be code-switched: its subjects and its words, which parallel text seldom has."""

from __future__ import annotations

import random
from collections.abc import Iterable

from ..collections.collection import Passage

REVISION = 1
"""To be raised with every change to which spans are drawn from the same passages."""

SPAN = 16
"""Words of a span: about a topic's length; whole sentences taught no more and took twice the time."""


def spans(passages: Iterable[Passage], count: int, seed: int, length: int = SPAN) -> list[str]:
    """``count`` spans of ``length`` words from random places of passages (titles where there is no text); few passages serve in turn.

    Reads the passages once and holds no more than ``count`` of them.
    """
    chance = random.Random(seed)
    texts = sample((passage.text or passage.title for passage in passages), count, chance)
    return [_span(texts[index % len(texts)].split(), length, chance) for index in range(count if texts else 0)]


def _span(words: list[str], length: int, chance: random.Random) -> str:
    start = chance.randrange(max(len(words) - length, 0) + 1)
    return " ".join(words[start : start + length])


def sample(texts: Iterable[str], count: int, chance: random.Random) -> list[str]:
    """``count`` texts drawn from a stream, or all if it has no more (Vitter 1985, algorithm R), in random order."""
    kept: list[str] = []
    for seen, text in enumerate(texts):
        if seen < count:
            kept.append(text)
        elif (place := chance.randrange(seen + 1)) < count:
            kept[place] = text
    chance.shuffle(kept)
    return kept
