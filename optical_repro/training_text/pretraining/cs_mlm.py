"""``cs-mlm``: masked language modelling on code-switched text."""

from ..pretraining_objective import PreTraining, PreTrainingText


def switched(text: PreTrainingText) -> list[tuple[str, ...]]:
    """The pairs' English sides and the passages that are English, code-switched."""
    english = [*(pair.english for pair in text.pairs), *(text.passages if text.english_passages else [])]
    return [(part,) for part in text.switched(english)]


CS_MLM = PreTraining(
    "cs-mlm", "masked language modelling on code-switched English: of the parallel text, and passages that are English", switched, 4
)
