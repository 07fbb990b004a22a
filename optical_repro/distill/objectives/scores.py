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
    import torch

    from ..batch import vectors

    assert batch.passages is not None, "the objective `scores` needs the vectors of the passages"
    student, teacher = (side @ batch.passages.T / TEMPERATURE for side in vectors(batch))
    target = torch.log_softmax(teacher, 1)
    return torch.nn.functional.kl_div(torch.log_softmax(student, 1), target, log_target=True, reduction="batchmean")


SCORES = Objective(
    "scores", "the teacher's distribution of scores over the passages (English documents only)", scores, english_documents=True, place=3
)
