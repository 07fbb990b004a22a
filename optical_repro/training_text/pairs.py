"""How many sentence pairs training reads, which, and the training pairs that a regime makes from them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..bitext.readers import Pair
from .regime import Tools, TrainingPair
from .regimes import REGIMES, check

EPOCHS = 6
"""Maximum number of times a sentence pair is read."""

LITTLE = 3200
"""Readings up to which sentence pairs are repeated, in another order; with more text, a second pass made students worse.
Chosen on AfriQA's Hausa and Yorùbá train and dev topics."""


def readings(pairs: int, most: int) -> int:
    """Total number of readings for ``pairs`` sentence pairs: each once, or more often if they are few."""
    return min(most, max(pairs, min(EPOCHS * pairs, LITTLE)))


def excerpts(pairs: int, most: int, share: float) -> int:
    """Number of excerpts of documents that are read beside ``pairs`` sentence pairs, where they are this share of ``most`` readings.

    Without sentence pairs they are all that is read.
    """
    return round(readings(pairs, round(most * (1 - share))) * share / (1 - share)) if pairs else most


def draw_pairs(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """``count`` of the pairs in random order; none is repeated before all were drawn."""
    chance, sample = random.Random(seed), list[Pair]()
    while pairs and len(sample) < count:
        sample += chance.sample(pairs, min(len(pairs), count - len(sample)))
    return sample


def with_monolingual(pairs: Sequence[TrainingPair], share: float, seed: int) -> list[TrainingPair]:
    """Training pairs in their order; this share of them, drawn by the seed, is monolingual: the student too reads the English text."""
    drawn = set(random.Random(seed).sample(range(len(pairs)), round(share * len(pairs))))
    return [TrainingPair(pair.teacher, pair.teacher) if number in drawn else pair for number, pair in enumerate(pairs)]


def training_pairs(regime: str, pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The training pairs of a regime, one for each sentence pair (none for ``none``). Raises InputError for an unknown regime."""
    check(regime)
    return REGIMES[regime].pairs(pairs, tools)
