"""What the student is asked to match of its teacher, each objective a function of a batch, added up by name: ``ot+pooled``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..encoders.encoder import pool
from .transport import transport_loss

REVISION = 1
"""To be raised with every change to the loss of the same states."""


@dataclass(frozen=True)
class Batch:
    """The outputs of student and teacher for B pairs of texts."""

    student: Tensor
    """Token states, [B, n, d]."""
    student_mask: Tensor
    """[B, n]; 1 for a token, 0 for padding."""
    teacher: Tensor
    """Token states, [B, m, d]."""
    teacher_mask: Tensor
    """[B, m]."""
    passages: Tensor | None = None
    """The teacher's vectors of the passages to be searched, or a sample of them, [P, d], each of length 1; None without such."""
    student_pooling: str = "mean"
    """``mean`` or ``cls``."""
    teacher_pooling: str = "mean"


TRANSPORT_TOLERANCE = 1e-3
"""Where Sinkhorn stops in training: on parallel text after some hundred iterations, where 1e-4 takes eight hundred and 1e-6 more than
POT's thousand. The losses are within .001 of those of the exact plan (benchmarks/transport.py says how far)."""


def ot(batch: Batch) -> Tensor:
    """Token alignment: the optimal-transport loss over the tokens proper (first and last are the special ones)."""
    student_mask, teacher_mask = (without_ends(mask) for mask in (batch.student_mask, batch.teacher_mask))
    loss = transport_loss(batch.student, batch.teacher, student_mask, teacher_mask, tolerance=TRANSPORT_TOLERANCE)
    return loss.mean()


def pooled(batch: Batch) -> Tensor:
    """One minus the cosine of the two texts' vectors: what single-vector search will compare."""
    student, teacher = vectors(batch)
    return (1 - (student * teacher).sum(1)).mean()


TEMPERATURE = 0.05


def scores(batch: Batch) -> Tensor:
    """KL divergence from the teacher's distribution of scores over the passages to the student's (temperature 0.05)."""
    assert batch.passages is not None, "the objective `scores` needs the vectors of the passages"
    student, teacher = (side @ batch.passages.T / TEMPERATURE for side in vectors(batch))
    target = torch.log_softmax(teacher, 1)
    return torch.nn.functional.kl_div(torch.log_softmax(student, 1), target, log_target=True, reduction="batchmean")


FUNCTIONS: dict[str, Callable[[Batch], Tensor]] = {"ot": ot, "pooled": pooled, "scores": scores}
"""The objectives that `recipe.OBJECTIVES` names."""


def total(parts: list[str], batch: Batch) -> Tensor:
    """The sum of the objectives."""
    return torch.stack([FUNCTIONS[part](batch) for part in parts]).sum()


def vectors(batch: Batch) -> tuple[Tensor, Tensor]:
    """The vectors of the texts as student and teacher pool them, each of length 1: [B, d] twice."""
    student = pool(batch.student, batch.student_mask, batch.student_pooling)
    return student, pool(batch.teacher, batch.teacher_mask, batch.teacher_pooling)


def without_ends(mask: Tensor) -> Tensor:
    """Takes the first and the last token of each text ([CLS], [SEP]) out of a mask, unless nothing else is there: [B, n]."""
    inner = mask.clone()
    inner[:, 0] = 0
    inner[torch.arange(len(mask)), mask.sum(1).long() - 1] = 0
    return torch.where(inner.sum(1, keepdim=True) > 0, inner, mask)
