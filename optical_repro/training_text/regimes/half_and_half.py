"""``cs+bt``: half of the sentences code-switched, half back-translated."""

from collections.abc import Sequence

from ...bitext.readers import Pair
from ..regime import Regime, Tools, TrainingPair


def halves(pairs: Sequence[Pair], tools: Tools) -> list[TrainingPair]:
    """The first half of the pairs code-switched, the second back-translated."""
    half = len(pairs) // 2
    return tools.switched([pair.english for pair in pairs[:half]]) + tools.back_translated(pairs[half:])


def halves_of_texts(texts: Sequence[str], tools: Tools) -> list[TrainingPair]:
    """The first half of English texts code-switched, the second translated into the language."""
    half = len(texts) // 2
    return tools.switched(texts[:half]) + tools.translated(texts[half:])


HALF_AND_HALF = Regime(
    "cs+bt",
    "the first half of the sentences code-switched, the second back-translated",
    halves,
    ("bt+cs",),
    translates=True,
    translates_passages=True,
    passages=halves_of_texts,
    place=5,
)
