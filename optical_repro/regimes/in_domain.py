"""Code-switched text of the collection that will be searched: its subjects and its words, which other parallel text seldom has."""

from __future__ import annotations

import random
from collections.abc import Iterable

from ..bitext.lexicon import Lexicon
from ..collections.collection import Passage
from .code_switch import switch

SPAN = 16
"""Words of a span: about a topic's length; whole sentences taught no more and took twice the time (REPRODUCE.md, table 4)."""


def in_domain(passages: Iterable[Passage], count: int, lexicon: Lexicon, probability: float, seed: int) -> list[tuple[str, str]]:
    """``count`` pairs (switched span, English span) from random places of English passages; fewer passages than that serve in turn.

    ``lexicon`` goes from the target language into English. Reads the passages once and holds no more than ``count`` of them.
    """
    chance = random.Random(seed)
    texts = sample((passage.text or passage.title for passage in passages), count, chance)
    reverse = lexicon.reversed()
    pairs = []
    for index in range(count if texts else 0):
        words = texts[index % len(texts)].split()
        start = chance.randrange(max(len(words) - SPAN, 0) + 1)
        span = " ".join(words[start : start + SPAN])
        pairs.append((switch(span, reverse, probability, chance), span))
    return pairs


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
