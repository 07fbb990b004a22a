"""The training pairs of a regime."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..bitext.readers import Pair
from .regimes import check


class TrainingPair(NamedTuple):
    """What the student reads, and what its teacher reads."""

    student: str
    teacher: str


EPOCHS = 6
"""Times a sentence pair is read at the most."""

LITTLE = 3200
"""Readings up to which sentence pairs are read again, in another order; students on more text were worse for a second time.
Chosen on AfriQA's Hausa and Yorùbá train and dev topics."""


def readings(pairs: int, most: int) -> int:
    """How many times a sentence pair is read in all, where there are so many of them: each once, on little text more often."""
    return min(most, max(pairs, min(EPOCHS * pairs, LITTLE)))


def drawn(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """``count`` of the pairs in random order, all of them once before any comes again."""
    chance, chosen = random.Random(seed), list[Pair]()
    while pairs and len(chosen) < count:
        chosen += chance.sample(pairs, min(len(pairs), count - len(chosen)))
    return chosen


Made = list[tuple[str, str]]
"""What the student reads and what its teacher reads, for each sentence."""


def training_pairs(
    regime: str,
    pairs: Sequence[Pair],
    code_switched: Callable[[Sequence[str]], Made],
    back_translated: Callable[[Sequence[Pair]], Made],
) -> list[TrainingPair]:
    """The training pairs of a regime, one for each sentence pair (none for ``none``).

    Only what the regime needs is called: ``code_switched`` with English sides, ``back_translated`` with pairs. Raises InputError for
    what is no regime.
    """
    check(regime)
    half = len(pairs) // 2
    english = [pair.english for pair in pairs]
    made: Made = []
    if regime == "bitext":
        made = [(pair.target, pair.english) for pair in pairs]
    elif regime == "cs":
        made = code_switched(english)
    elif regime == "bt":
        made = back_translated(pairs)
    elif regime == "cs+bt":
        made = code_switched(english[:half]) + back_translated(pairs[half:])
    return [TrainingPair(*pair) for pair in made]
