"""``cs+bt``: half of the sentences code-switched, half back-translated."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def halves(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The first half of the pairs code-switched, the second back-translated."""
    half = len(pairs) // 2
    return tools.switched([pair.english for pair in pairs[:half]]) + tools.back_translated(pairs[half:])


HALF_AND_HALF = Regime(
    "cs+bt", "the first half of the sentences code-switched, the second back-translated", halves, ("bt+cs",), translates=True, place=4
)
