"""``none``: distillation alone."""

from ..pretraining_objective import PreTraining, PreTrainingText


def nothing(text: PreTrainingText) -> list[tuple[str, ...]]:
    """No texts."""
    return []


NONE = PreTraining("none", "distillation alone", nothing, place=1)
