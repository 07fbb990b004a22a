"""What the student is asked to match of its teacher: objectives, a file each, added up by name, as in ``ot+pooled``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...base.registry import registry
from ..objective import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from ..batch import Batch

REVISION = 1
"""To be raised with every change to the loss of the same states, in any file of this folder."""

OBJECTIVES = registry(__name__, Objective, "optical_repro.objectives")
"""Name to objective."""


def total(parts: list[str], batch: Batch) -> Tensor:
    """The sum of the objectives."""
    import torch

    return torch.stack([OBJECTIVES[part].loss(batch) for part in parts]).sum()
