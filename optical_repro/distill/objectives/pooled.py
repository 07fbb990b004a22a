"""``pooled``: the cosine of the two texts' vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..objective import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from ..batch import Batch


def pooled(batch: Batch) -> Tensor:
    """One minus the cosine of the two texts' vectors: what single-vector search will compare."""
    from ..batch import vectors

    student, teacher = vectors(batch)
    return (1 - (student * teacher).sum(1)).mean()


POOLED = Objective("pooled", "one minus the cosine of the two texts' vectors", pooled, in_parts=True, place=2)
