"""An objective: how the student is to match its teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from .batch import Batch


@dataclass(frozen=True)
class Objective:
    """A part of ``--objective``."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    loss: Callable[[Batch], Tensor]
    """The loss of a batch: a mean over its pairs of texts."""
    english_documents: bool = False
    """Whether it needs the teacher's vectors of the documents, which must then be in English."""
    in_parts: bool = False
    """Whether the mean of its losses of the parts of a batch is its loss of the batch: needed where several processes share one
    (``--devices``). An objective that compares the texts of a batch takes them from ``Batch.whole``."""
    place: int = 100
    """In lists: small numbers come first."""
