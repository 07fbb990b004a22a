"""Optimal transport between the tokens of a student's text and of its teacher's (Huang, Yu and Allan 2023, arXiv 2301.12566, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor

REGULARISATION = 0.05
"""Entropic regularisation of the plan, in units of the cost (1 - cosine, from 0 to 2)."""


def cosine_cost(student: Tensor, teacher: Tensor) -> Tensor:
    """Cost of moving student token i to teacher token j, 1 - cos(h_i, g_j): [B, n, d] and [B, m, d] to [B, n, m]."""
    student = torch.nn.functional.normalize(student.float(), dim=-1)
    teacher = torch.nn.functional.normalize(teacher.float(), dim=-1)
    return 1 - student @ teacher.transpose(1, 2)


def transport_plan(cost: Tensor, student_mask: Tensor, teacher_mask: Tensor, regularisation: float = REGULARISATION) -> Tensor:
    """The plans that move a uniform mass over the real student tokens to one over the real teacher tokens at the least cost.

    Takes costs [B, n, m] and masks [B, n], [B, m] (1 for a token, 0 for padding); returns plans [B, n, m], without gradient.
    Padding holds no mass, so it takes no part. Solved in double precision, where exp(-cost / regularisation) does not vanish for a
    regularisation of 0.005 or more. Raises ValueError below that.
    """
    if regularisation < 0.005:
        raise ValueError(f"regularisation is {regularisation}; Sinkhorn needs at least 0.005 for costs up to 2")
    rows, columns = ((mask / mask.sum(1, keepdim=True)).double().unsqueeze(2) for mask in (student_mask, teacher_mask))
    with torch.no_grad(), torch.autocast(cost.device.type, enabled=False):
        return _sinkhorn_newton(torch.exp(cost.double() / -regularisation), rows, columns).to(cost.dtype)


SWEEPS = 20
"""Of Sinkhorn's iteration before each step of Newton's."""
ROUNDS = 100
"""Of sweeps and a step, at the most."""
TOLERANCE = 1e-6
"""Of the plan's row sums, as the length of their difference from the masses."""


def _sinkhorn_newton(kernel: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Scales the rows and columns of kernels [B, n, m] to sums [B, n, 1] and [B, m, 1].

    Sinkhorn's iteration comes near quickly and then, in some pairs, takes a thousand sweeps more; Newton's steps, which need to start near,
    end it in a few (Brauer, Clason, Lorenz and Wirth 2017, arXiv 1710.06635). With POT's batched Sinkhorn the plans of a batch took 7 to 12
    times as long (benchmarks/transport.py).
    """
    turned = kernel.transpose(1, 2).contiguous()
    right = (columns > 0).double()
    for _ in range(ROUNDS):
        for _ in range(SWEEPS):
            left = rows / (kernel @ right)
            right = columns / (turned @ left)
        left, right, error = _newton_step(kernel, turned, rows, columns, left, right)
        if error.max() < TOLERANCE:
            break
    return left * kernel * right.transpose(1, 2)


def _newton_step(
    kernel: Tensor, turned: Tensor, rows: Tensor, columns: Tensor, left: Tensor, right: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """A step from scalings whose column sums are right, taken where it lessens the error of the row sums: the scalings, and that error."""
    plan = left * kernel * right.transpose(1, 2)
    sums = plan.sum(2, keepdim=True)
    shares = plan / columns.transpose(1, 2).clamp_min(torch.finfo(plan.dtype).tiny)
    # The Schur complement of the dual's Hessian; the last two terms make it regular: adding a constant changes nothing, padding neither.
    hessian = torch.diag_embed((sums + (rows == 0)).squeeze(2)) - shares @ plan.transpose(1, 2) + rows @ rows.transpose(1, 2)
    step = torch.linalg.solve_ex(hessian, rows - sums)[0]
    tried_left = left * step.clamp(-3, 3).exp()
    tried_right = columns / (turned @ tried_left)
    error = (rows - sums).norm(dim=1, keepdim=True)
    tried_error = (rows - tried_left * (kernel @ tried_right)).norm(dim=1, keepdim=True)
    better = tried_error < error
    return torch.where(better, tried_left, left), torch.where(better, tried_right, right), torch.where(better, tried_error, error)


def transport_loss(
    student: Tensor, teacher: Tensor, student_mask: Tensor, teacher_mask: Tensor, regularisation: float = REGULARISATION
) -> Tensor:
    """The loss of each pair, <plan, cost>, with the plan held constant in the backward pass: [B].

    >>> import torch
    >>> tokens, mask = torch.eye(3)[None], torch.ones(1, 3)
    >>> round(transport_loss(tokens, tokens, mask, mask, regularisation=0.02).item(), 4)
    0.0
    """
    cost = cosine_cost(student, teacher)
    plan = transport_plan(cost, student_mask, teacher_mask, regularisation)
    return (plan * cost).sum((1, 2))
