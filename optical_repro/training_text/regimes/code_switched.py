"""``cs``: code-switched English."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def switched(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The pairs' English sides code-switched, each with its original."""
    return tools.switched([pair.english for pair in pairs])


def switched_texts(texts: Sequence[str], tools: Tools) -> list[TrainingPair]:
    """English texts code-switched, as sentences are."""
    return tools.switched(texts)


CODE_SWITCHED = Regime(
    "cs",
    "code-switched: English sentences, words replaced by translations from the lexicon",
    switched,
    ("code-switch", "code-switched", "code-switching", "codeswitching"),
    needs_bitext=False,
    passages=switched_texts,
    place=2,
)
