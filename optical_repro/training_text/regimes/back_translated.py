"""``bt``: sentences of the language, with the translator's English."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair
from .translated_english import translated_texts


def translated(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The pairs' sentences of the language with their machine translations."""
    return tools.back_translated(pairs)


BACK_TRANSLATED = Regime(
    "bt",
    "back-translated: sentences of the language, with English made by the translator",
    translated,
    ("back-translate", "back-translated", "back-translation", "backtranslation"),
    translates=True,
    translates_passages=True,
    passages=translated_texts,  # there are no sentences of the language about the collection to translate from
    place=3,
)
