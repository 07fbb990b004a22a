"""``scores``: the teacher's distribution of scores over the passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..objective import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from ..batch import Batch

TEMPERATURE = 0.05


def scores(batch: Batch) -> Tensor:
    """KL divergence from the teacher's distribution of scores over the passages to the student's (temperature 0.05)."""
    from ..batch import vectors

    assert batch.passages is not None, "the objective `scores` needs the vectors of the passages"
    student, teacher = (side @ batch.passages.T for side in vectors(batch))
    return divergence(student, teacher)


def divergence(student: Tensor, teacher: Tensor) -> Tensor:
    """KL divergence from the teacher's distribution of scores to the student's, [B, scores] each: the mean over the rows."""
    import torch

    student, teacher = (torch.log_softmax(scores / TEMPERATURE, 1) for scores in (student, teacher))
    return torch.nn.functional.kl_div(student, teacher, log_target=True, reduction="batchmean")


SCORES = Objective(
    "scores",
    "the teacher's distribution of scores over the passages (English documents only)",
    scores,
    english_documents=True,
    in_parts=True,
    place=3,
)
