"""``ot``: the optimal-transport loss (OPTICAL: Huang, Yu and Allan 2023, arXiv 2301.12566)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..objective import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from ..batch import Batch

TRANSPORT_TOLERANCE = 1e-3
"""Where Sinkhorn stops in training: on parallel text after some hundred iterations, where 1e-4 takes eight hundred and 1e-6 more than
POT's thousand. The losses are within .001 of those of the exact plan (benchmarks/transport.py says how far)."""


def ot(batch: Batch) -> Tensor:
    """The transport loss over the tokens proper; the first and the last, which are the special ones, are left out."""
    from .. import plans
    from ..batch import without_ends
    from ..transport import transport_loss

    if batch.transport or batch.whole:
        return plans.loss(batch, TRANSPORT_TOLERANCE).mean()
    student_mask, teacher_mask = (without_ends(mask) for mask in (batch.student_mask, batch.teacher_mask))
    return transport_loss(batch.student, batch.teacher, student_mask, teacher_mask, tolerance=TRANSPORT_TOLERANCE).mean()


OT = Objective("ot", "token alignment: the optimal-transport loss", ot, in_parts=True, place=1)
