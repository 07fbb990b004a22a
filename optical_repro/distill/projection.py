"""The linear map from a student's space to its teacher's, where the two are different encoders of different widths."""

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
"""To be raised with every change to the layer that is fitted on the same vectors."""

SENTENCES = 2048
"""English sentences that it is fitted on, at the most."""

RIDGE = 0.01
"""Weight of the penalty on its size, in units of the mean variance of the student's vectors."""


def fitted(base: Path, teacher: Path, english: Sequence[str]) -> nn.Linear | None:
    """The layer, without bias, that takes the student's vectors of English sentences nearest to the teacher's: ridge regression.

    None where both have one length. A linear layer before the pooling, on the token states, is the same as one after it. Raises
    InputError for a student that has a projection to another length already.
    """
    import torch

    from ..encoders.text_encoder import TextEncoder

    student, other = TextEncoder(base), TextEncoder(teacher)
    check_widths(base, student.model, other.model)
    if student.dimension == other.dimension:
        return None
    ours, theirs = (encoder.encode(list(english)[:SENTENCES]) for encoder in (student, other))
    layer = torch.nn.Linear(student.dimension, other.dimension, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.from_numpy(least_squares(ours, theirs))
    return layer


def check_widths(base: Path, student: Encoder, teacher: Encoder) -> None:
    """Raises InputError for a student that has a projection, to another length than the teacher's vectors have."""
    if student.projection is not None and student.dimension != teacher.dimension:
        raise InputError(f"{base}: its projection gives vectors of {student.dimension} numbers, the teacher's have {teacher.dimension}")


def least_squares(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The matrix W that brings ``ours @ W.T`` nearest to ``theirs``: [n, d] and [n, D] to [D, d]."""
    gram = ours.T.astype(np.float64) @ ours
    penalty = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.linalg.solve(gram + penalty, ours.T @ theirs).T.astype(np.float32)
