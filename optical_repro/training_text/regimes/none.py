"""``none``: the untrained student."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def nothing(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """No pairs."""
    return []


NONE = Regime(
    "none", "no training: the student as it is initialised", nothing, ("untrained", "zero-shot", "zeroshot"), trains=False, place=6
)
