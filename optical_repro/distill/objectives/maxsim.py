"""``maxsim``: the teacher's distribution of late-interaction scores over the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..objective import Objective
from .scores import divergence

if TYPE_CHECKING:
    from torch import Tensor

    from ..batch import Batch


def maxsim(batch: Batch) -> Tensor:
    """KL divergence from the teacher's distribution of MaxSim over the batch's English texts to the student's (temperature 0.05).

    MaxSim (Khattab and Zaharia 2020, arXiv 2004.12832) is the mean over a text's tokens of the highest cosine with a token of the
    other: what ``-maxsim`` systems rerank by. The special tokens are left out, as there.
    """
    from ..batch import without_ends

    whole = batch.whole or batch
    student, teacher = (
        max_sims(states, without_ends(mask), whole.teacher, without_ends(whole.teacher_mask))
        for states, mask in ((batch.student, batch.student_mask), (batch.teacher, batch.teacher_mask))
    )
    return divergence(student, teacher)


def max_sims(queries: Tensor, query_mask: Tensor, documents: Tensor, document_mask: Tensor) -> Tensor:
    """MaxSim of each of A queries with each of B documents, token states [A, n, d] and [B, m, d] with masks: [A, B]."""
    import torch

    queries, documents = (torch.nn.functional.normalize(states.float(), dim=-1) for states in (queries, documents))
    cosines = torch.einsum("and,bmd->abnm", queries, documents).masked_fill(document_mask[None, :, None] == 0, -1)
    return (cosines.amax(3) * query_mask[:, None]).sum(2) / query_mask.sum(1, keepdim=True)


MAXSIM = Objective("maxsim", "the teacher's distribution of MaxSim over the English texts of the batch", maxsim, in_parts=True, place=4)
