"""The input of objectives: the token states of student and teacher for a batch of texts."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..encoders.encoder import pool


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
    """The teacher's vectors of the documents or of a sample of them, [P, d], each of length 1; None if no objective needs them."""
    student_pooling: str = "mean"
    """``mean`` or ``cls``."""
    teacher_pooling: str = "mean"
    transport: tuple[str, ...] = ()
    """Other ways to make the transport plan, from ``ways.WAYS``."""
    student_weights: Tensor | None = None
    """How much each token says, [B, n], for masses by content; None if no way needs them."""
    teacher_weights: Tensor | None = None
    """[B, m]."""
    whole: Batch | None = None
    """The batch of all processes, states without gradient, if this is a part of it; None if it is all."""
    own: slice = field(default_factory=lambda: slice(None))
    """The rows of the whole batch that are this part."""


def vectors(batch: Batch) -> tuple[Tensor, Tensor]:
    """The texts' vectors of student and teacher, pooled and of length 1: [B, d] twice."""
    student = pool(batch.student, batch.student_mask, batch.student_pooling)
    return student, pool(batch.teacher, batch.teacher_mask, batch.teacher_pooling)


def without_ends(mask: Tensor) -> Tensor:
    """A mask without the first and last token of each text ([CLS], [SEP]), unless the text has no other: [B, n]."""
    inner = mask.clone()
    inner[:, 0] = 0
    inner[torch.arange(len(mask)), mask.sum(1).long() - 1] = 0
    return torch.where(inner.sum(1, keepdim=True) > 0, inner, mask)
