"""``mlm``: masked language modelling (Devlin et al. 2019, arXiv 1810.04805)."""

from ..pretraining_objective import PreTraining, PreTrainingText


def sentences_and_passages(text: PreTrainingText) -> list[tuple[str, ...]]:
    """The pairs' sentences of the language, and the passages."""
    return [(part,) for part in [*(pair.target for pair in text.pairs), *text.passages]]


MLM = PreTraining("mlm", "masked language modelling on sentences of the language and passages of the collection", sentences_and_passages, 2)
