"""The training pairs of a regime."""

from __future__ import annotations

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
        made = code_switched(pairs, lexicon, probability, seed)
    elif regime == "bt":
        made = back_translated(pairs, translator)
    elif regime == "cs+bt":
        made = code_switched(pairs[:half], lexicon, probability, seed) + back_translated(pairs[half:], translator)
    return [TrainingPair(*pair) for pair in made]
