"""``bt-phrase``: sentences of the language, with English made by the phrase-based translator."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def translated(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The pairs' sentences of the language with their translations phrase by phrase, whatever ``--translator`` names."""
    return tools.back_translated(pairs, by_phrases=True)


def machine_made(texts: Sequence[str], tools: Tools) -> list[TrainingPair]:
    """English texts translated into the language, as ``bt`` does."""
    return tools.translated(texts, by_phrases=True)


PHRASE_TRANSLATED = Regime(
    "bt-phrase",
    "back-translated by the phrase-based translator, whatever --translator names",
    translated,
    ("bt-phrases", "bt-smt", "phrase"),
    by_phrases=True,
    passages=machine_made,
    in_all=False,
    place=4,
)
