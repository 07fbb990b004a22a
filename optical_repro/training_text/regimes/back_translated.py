"""``bt``: sentences of the language, with the translator's English."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def translated(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The pairs' sentences of the language with their machine translations."""
    return tools.back_translated(pairs)


def machine_made(texts: Sequence[str], tools: Tools) -> list[TrainingPair]:
    """English texts translated into the language: there are no sentences of the language to translate from."""
    return tools.translated(texts)


BACK_TRANSLATED = Regime(
    "bt",
    "back-translated: sentences of the language, with English made by the translator",
    translated,
    ("back-translate", "back-translated", "back-translation", "backtranslation"),
    translates=True,
    translates_passages=True,
    passages=machine_made,
    place=3,
)
