"""``bt-en``: English sentences machine-translated into the language, as mMARCO was made (Bonifacio et al. 2021, arXiv 2108.13897)."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def translated(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The pairs' English sides translated into the language, each with its original."""
    return tools.translated([pair.english for pair in pairs])


def translated_texts(texts: Sequence[str], tools: Tools) -> list[TrainingPair]:
    """English texts translated, as sentences are."""
    return tools.translated(texts)


TRANSLATED_ENGLISH = Regime(
    "bt-en",
    "machine-translated English: English sentences translated into the language by the translator",
    translated,
    ("translate-train", "translated-english", "mt", "mmarco"),
    translates_english=True,
    translates_passages=True,
    passages=translated_texts,
    in_all=False,
    place=4,
)
