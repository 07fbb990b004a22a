"""The linear map from a student's vectors to its teacher's, where they are encoders of different widths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from ..encoders.encoder import Encoder

REVISION = 1
"""To be raised with every change to the layer fitted on the same vectors."""

SENTENCES = 2048
"""The maximum number of English sentences that it is fitted on."""

RIDGE = 0.01
"""Weight of the penalty on the map's size, in units of the mean variance of the student's vectors."""


def fit_projection(base: Path, teacher: Path, english: Sequence[str]) -> nn.Linear | None:
    """Fits a layer without bias that maps the student's vectors of English sentences to the teacher's, by ridge regression.

    None where both have the same length. A linear layer on the token states, before the pooling, equals one after it. Raises
    InputError for a student that already has a projection to another length.
    """
    import torch

    from ..encoders.text_encoder import TextEncoder

    student_encoder, teacher_encoder = TextEncoder(base), TextEncoder(teacher)
    check_widths(base, student_encoder.model, teacher_encoder.model)
    if student_encoder.dimension == teacher_encoder.dimension:
        return None
    ours, theirs = (encoder.encode(list(english)[:SENTENCES]) for encoder in (student_encoder, teacher_encoder))
    layer = torch.nn.Linear(student_encoder.dimension, teacher_encoder.dimension, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.from_numpy(least_squares(ours, theirs))
    return layer


def check_widths(base: Path, student: Encoder, teacher: Encoder) -> None:
    """Raises InputError for a student whose projection has another length than the teacher's vectors."""
    if student.projection is not None and student.dimension != teacher.dimension:
        raise InputError(f"{base}: its projection gives vectors of {student.dimension} numbers, the teacher's have {teacher.dimension}")


def least_squares(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The matrix W that brings ``ours @ W.T`` nearest to ``theirs``: [n, d] and [n, D] to [D, d]."""
    gram = ours.T.astype(np.float64) @ ours
    penalty = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.linalg.solve(gram + penalty, ours.T @ theirs).T.astype(np.float32)
