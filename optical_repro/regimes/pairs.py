"""The training pairs of a regime."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from ..bitext.lexicon import Lexicon
from ..bitext.readers import Pair
from ..translate.translator import Translator
from .back_translation import back_translated
from .code_switch import code_switched


class TrainingPair(NamedTuple):
    """What the student reads, and what its teacher reads."""

    student: str
    teacher: str


EPOCHS = 6
"""Times a sentence pair is read at the most: on little bitext, more steps only repeat it."""


def drawn(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """``count`` of the pairs in random order, all of them once before any comes again, none more than ``EPOCHS`` times."""
    chance, chosen = random.Random(seed), list[Pair]()
    for _ in range(EPOCHS):
        chosen += chance.sample(pairs, min(len(pairs), count - len(chosen)))
    return chosen


def training_pairs(
    regime: str, pairs: Sequence[Pair], lexicon: Lexicon, translator: Translator, probability: float, seed: int
) -> list[TrainingPair]:
    """The training pairs of a regime, one for each sentence pair (none for ``none``).

    ``lexicon`` goes from the target language to English; ``probability`` is the chance that a word is switched.
    """
    half = len(pairs) // 2
    made: list[tuple[str, str]] = []
    if regime == "bitext":
        made = [(pair.target, pair.english) for pair in pairs]
    elif regime == "cs":
        made = code_switched((pair.english for pair in pairs), lexicon, probability, seed)
    elif regime == "bt":
        made = back_translated(pairs, translator)
    elif regime == "cs+bt":
        made = code_switched((pair.english for pair in pairs[:half]), lexicon, probability, seed)
        made += back_translated(pairs[half:], translator)
    return [TrainingPair(*pair) for pair in made]
