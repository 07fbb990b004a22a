"""The transport plan in other ways than the published one: see `ways`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .transport import REGULARISATION, TOLERANCE, cosine_cost, furthest, masses, transport_plan

if TYPE_CHECKING:
    from .batch import Batch

REVISION = 1
"""To be raised with every change to the plan of the same states."""

SHARP = 0.02
"""The regularisation of a ``sharp`` plan."""

RELAXATION = 0.05
"""The weight, in units of the cost, of the divergence between what the teacher's tokens get and their masses in a one-sided plan."""

DIAGONAL = 4.0
"""How fast the prior odds of an ``ordered`` plan fall with the distance from the diagonal: fast_align's (Dyer et al. 2013)."""

ITERATIONS = 1000
"""The most of Sinkhorn's."""


def loss(batch: Batch, tolerance: float) -> Tensor:
    """The transport loss of each pair of a batch by the plans of ``batch.transport``: [B].

    Of a part of a batch, by the plans of the whole: how long they are improved depends on the slowest pair.
    """
    from .batch import without_ends

    whole = batch.whole or batch
    student_mask, teacher_mask = without_ends(whole.student_mask), without_ends(whole.teacher_mask)
    plan = make(whole, student_mask, teacher_mask, tolerance)[batch.own]
    return (plan * cosine_cost(batch.student, batch.teacher)).sum((1, 2))


def make(batch: Batch, student_mask: Tensor, teacher_mask: Tensor, tolerance: float) -> Tensor:
    """The plans of a batch by its ways, over the tokens of the masks, without gradient: [B, n, m]."""
    ways, student, teacher = batch.transport, batch.student.detach().float(), batch.teacher.float()
    if "centred" in ways:
        student, teacher = centred(student, student_mask), centred(teacher, teacher_mask)
    cost = cosine_cost(student, teacher)
    if "ordered" in ways:
        cost = cost + REGULARISATION * DIAGONAL * distances(student_mask, teacher_mask)
    if "content" in ways:
        assert batch.student_weights is not None and batch.teacher_weights is not None, "`content` needs the weights of tokens"
        student_mask, teacher_mask = student_mask * batch.student_weights, teacher_mask * batch.teacher_weights
    solve = one_sided_plan if "one-sided" in ways else transport_plan
    return solve(cost, student_mask, teacher_mask, SHARP if "sharp" in ways else REGULARISATION, tolerance)


def centred(states: Tensor, mask: Tensor) -> Tensor:
    """States less the mean of those of their text, under the mask: [B, n, d].

    The states of a text are like one another in any contextual encoder (Ethayarajh 2019, arXiv 1909.00512), which makes plans flat.
    """
    return states - (states * mask.unsqueeze(-1)).sum(1, keepdim=True) / mask.sum(1)[:, None, None]


def distances(student_mask: Tensor, teacher_mask: Tensor) -> Tensor:
    """How far each pair of tokens is from the diagonal, the difference of their relative positions: [B, n, m], from 0 to 1."""
    places = [(_running(mask) - 0.5) / mask.sum(1, keepdim=True) for mask in (student_mask, teacher_mask)]
    return (places[0].unsqueeze(2) - places[1].unsqueeze(1)).abs()


def _running(mask: Tensor) -> Tensor:
    """The number of tokens up to each place: [B, n]. By a product, since a GPU's running sums may differ from time to time."""
    return (mask @ torch.ones(mask.shape[1], mask.shape[1], device=mask.device).triu()).float()


def one_sided_plan(
    cost: Tensor,
    student_mask: Tensor,
    teacher_mask: Tensor,
    regularisation: float = REGULARISATION,
    tolerance: float = TOLERANCE,
    relaxation: float = RELAXATION,
) -> Tensor:
    """Like `transport_plan`, but teacher tokens may get other masses than their own: [B, n, m], without gradient.

    What they get costs ``relaxation`` times its Kullback-Leibler divergence from their masses: with a large one the plan is the
    balanced one, with none each student token chooses alone. Scaling iterations (Chizat et al. 2018, arXiv 1607.05816) until what
    teacher tokens get moves by less than ``tolerance``. Masks may hold weights, as in `transport_plan`.
    """
    student_masses, teacher_masses = masses(student_mask), masses(teacher_mask)
    with torch.autocast(cost.device.type, enabled=False):
        kernel = (-cost.detach().double() / regularisation).exp()
        got, scale = teacher_masses, (teacher_masses > 0).double()
        for _ in range(ITERATIONS):
            plan = kernel * scale.unsqueeze(1)
            plan = plan * (student_masses / plan.sum(2)).unsqueeze(2)
            before, got = got, plan.sum(1)
            if furthest(got - before) < tolerance:
                break
            free = got / scale.clamp_min(torch.finfo(scale.dtype).tiny)
            scale = torch.where(teacher_masses > 0, (teacher_masses / free) ** (relaxation / (relaxation + regularisation)), 0.0)
    return plan.to(cost.dtype)


def information(texts: Sequence[Sequence[int]]) -> list[list[float]]:
    """The smoothed inverse document frequency of every token of texts, counted over these texts: at least 1."""
    counts = Counter(chain.from_iterable(map(set, texts)))
    idf = {token: 1 + float(torch.tensor((1 + len(texts)) / (1 + count)).log()) for token, count in counts.items()}
    return [[idf[token] for token in text] for text in texts]
