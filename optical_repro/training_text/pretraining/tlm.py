"""``tlm``: translation language modelling (Conneau and Lample 2019, arXiv 1901.07291)."""

from ..pretraining_objective import PreTraining, PreTrainingText


def translations(text: PreTrainingText) -> list[tuple[str, ...]]:
    """Each sentence with its English translation."""
    return [(pair.target, pair.english) for pair in text.pairs]


TLM = PreTraining(
    "tlm", "translation language modelling: masked tokens of a sentence and its English translation, read together", translations, 3
)
