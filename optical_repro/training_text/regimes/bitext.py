"""``bitext``: authentic pairs."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def authentic(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The sentence pairs unchanged."""
    return [TrainingPair(pair.target, pair.english) for pair in pairs]


BITEXT = Regime(
    "bitext", "authentic pairs: a sentence of the language and its English translation", authentic, ("authentic", "parallel"), place=1
)
