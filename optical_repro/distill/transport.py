"""Optimal transport between the tokens of the student's text and the teacher's (Huang, Yu and Allan 2023, arXiv 2301.12566, section 3)."""

from __future__ import annotations

import os

import torch
from torch import Tensor

REVISION = 1
"""To be raised with every change to the plan or the loss for the same costs."""

REGULARISATION = 0.05
"""Entropic regularisation of the plan, in units of the cost (1 - cosine, from 0 to 2)."""

TOLERANCE = 1e-6
"""Sinkhorn stops when the marginals of a text's plan are this near to its masses (length of the difference vector)."""


def cosine_cost(student: Tensor, teacher: Tensor) -> Tensor:
    """Cost of moving student token i to teacher token j, 1 - cos(h_i, g_j): [B, n, d] and [B, m, d] to [B, n, m]."""
    student = torch.nn.functional.normalize(student.float(), dim=-1)
    teacher = torch.nn.functional.normalize(teacher.float(), dim=-1)
    return 1 - student @ teacher.transpose(1, 2)


def transport_plan(
    cost: Tensor, student_mask: Tensor, teacher_mask: Tensor, regularisation: float = REGULARISATION, tolerance: float = TOLERANCE
) -> Tensor:
    """The plans of least cost that move uniform mass on the real student tokens to uniform mass on the real teacher tokens.

    Takes costs [B, n, m] and masks [B, n], [B, m] (1 for a token, 0 for padding); returns plans [B, n, m], without gradient.
    Padding has no mass. Solved by Sinkhorn's iterations in double precision, where exp(-cost / regularisation) does not vanish for a
    regularisation of 0.005 or more. Raises ValueError below that.
    """
    if regularisation < 0.005:
        raise ValueError(f"regularisation is {regularisation}; Sinkhorn needs at least 0.005 for costs up to 2")
    solve = by_pot if cost.device.type == "cpu" else in_few_kernels
    with torch.autocast(cost.device.type, enabled=False):
        return solve(cost.detach().double(), masses(student_mask), masses(teacher_mask), regularisation, tolerance).to(cost.dtype)


def masses(mask: Tensor) -> Tensor:
    """The share of each token in its text's mass, in double precision: [B, n]."""
    return (mask / mask.sum(1, keepdim=True)).double()


def by_pot(cost: Tensor, student_masses: Tensor, teacher_masses: Tensor, regularisation: float, tolerance: float) -> Tensor:
    """The plans by POT's batched solver."""
    # POT would start every other array library that is installed, which takes seconds.
    for library in ("JAX", "CUPY", "TENSORFLOW"):
        os.environ.setdefault(f"POT_BACKEND_DISABLE_{library}", "1")
    from ot.batch import solve_batch

    return solve_batch(cost, regularisation, student_masses, teacher_masses, method="sinkhorn", grad="detach", tol=tolerance).plan


def in_few_kernels(cost: Tensor, student_masses: Tensor, teacher_masses: Tensor, regularisation: float, tolerance: float) -> Tensor:
    """The plans by the same iterations as POT's, for a GPU, where a text's few tokens take less time than starting a kernel.

    POT starts some ten an iteration, these four; POT's also begin on PyTorch's default device, which is no GPU.
    """
    kernel, a, b = (-cost / regularisation).exp(), student_masses.unsqueeze(2), teacher_masses.unsqueeze(2)
    turned, g = kernel.transpose(1, 2).contiguous(), torch.ones_like(b)
    for iteration in range(1000):  # at most, as in POT
        f = a / torch.bmm(kernel, g)
        g = b / torch.bmm(turned, f)
        if iteration % 10 == 0 and furthest(f * torch.bmm(kernel, g) - a) < tolerance:
            break
    return f * kernel * g.transpose(1, 2)


def furthest(differences: Tensor) -> float:
    """The greatest length of a text's differences, [B, n] or [B, n, 1]."""
    return float(differences.norm(dim=1).max())


def transport_loss(
    student: Tensor,
    teacher: Tensor,
    student_mask: Tensor,
    teacher_mask: Tensor,
    regularisation: float = REGULARISATION,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """The loss of each pair, <plan, cost>, with the plan held constant in the backward pass: [B].

    >>> import torch
    >>> tokens, mask = torch.eye(3)[None], torch.ones(1, 3)
    >>> round(transport_loss(tokens, tokens, mask, mask, regularisation=0.02).item(), 4)
    0.0
    """
    cost = cosine_cost(student, teacher)
    plan = transport_plan(cost, student_mask, teacher_mask, regularisation, tolerance)
    return (plan * cost).sum((1, 2))
