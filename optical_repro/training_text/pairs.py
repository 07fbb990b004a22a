"""How many sentence pairs are read, which, and the training pairs that a regime makes of them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..bitext.readers import Pair
from .regime import Tools, TrainingPair
from .regimes import REGIMES, check

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


def training_pairs(regime: str, pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The training pairs of a regime, one for each sentence pair (none for ``none``); raises InputError for what is no regime."""
    check(regime)
    return REGIMES[regime].pairs(pairs, tools)
