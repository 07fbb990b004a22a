"""The text that the student reads in pre-training: of the same sentences and passages for every objective, as far as it reads them."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import unknown
from ..bitext.readers import Pair
from ..lexicon.lexicon import Lexicon
from .code_switch import code_switched

SENTENCE = 32
"""Words of a span of a passage: about a sentence of encyclopedias, so that passages take no more time than parallel text."""


def pretraining_texts(
    objective: str,
    pairs: Sequence[Pair],
    passages: Sequence[str],
    english_passages: bool,
    lexicon: Lexicon,
    probability: float,
    seed: int,
) -> list[tuple[str, ...]]:
    """The texts of an objective, ``mlm``, ``tlm`` or ``cs-mlm``, each of one part, or (``tlm``) a sentence and its translation.

    ``passages`` are spans of the collection's; those that are not in English are not switched. ``lexicon`` goes from the language into
    English, ``probability`` is the chance that a word is switched. Raises InputError for an objective that there is not.
    """
    if objective == "tlm":
        return [(pair.target, pair.english) for pair in pairs]
    if objective == "mlm":
        return [(text,) for text in [*(pair.target for pair in pairs), *passages]]
    if objective != "cs-mlm":
        raise unknown("--pretrain", objective, ["mlm", "tlm", "cs-mlm"])
    english = [*(pair.english for pair in pairs), *(passages if english_passages else [])]
    return [(switched,) for switched, _ in code_switched(english, lexicon, probability, seed)]
