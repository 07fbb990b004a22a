"""The optimal-transport loss against POT's exact and Sinkhorn solvers, one pair at a time, on batches of texts of unequal length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import ot
import pytest
import torch

from optical_repro.distill import transport
from optical_repro.distill.batch import Batch, without_ends
from optical_repro.distill.objectives import total
from optical_repro.distill.objectives.ot import ot as ot_objective
from optical_repro.distill.objectives.pooled import pooled as pooled_objective
from optical_repro.distill.objectives.scores import scores as scores_objective
from optical_repro.distill.transport import REGULARISATION, by_pot, cosine_cost, in_few_kernels, transport_loss, transport_plan
from optical_repro.encoders.encoder import pool

LENGTHS = [(14, 11), (5, 9), (1, 1), (3, 11), (14, 2), (7, 7), (1, 11), (13, 1)]
"""Tokens of student and teacher in each pair of the batch."""


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Random token states; those at padding are large, so that none may leak."""
    random = torch.Generator().manual_seed(3)
    shape = (len(LENGTHS), 14, 11)
    student, teacher = (torch.randn(shape[0], tokens, 16, generator=random) + 0.5 for tokens in shape[1:])
    masks = tuple(
        (torch.arange(tokens) < torch.tensor(sizes)[:, None]).float()
        for tokens, sizes in zip(shape[1:], zip(*LENGTHS, strict=True), strict=True)
    )
    student[masks[0] == 0], teacher[masks[1] == 0] = 1e3, -1e3
    return Batch(student, masks[0], teacher, masks[1])


def pairs(batch: Batch) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each pair without its padding: cost [n, m] and the two uniform masses."""
    cost = cosine_cost(batch.student, batch.teacher).double().numpy()
    for row, (n, m) in zip(cost, LENGTHS, strict=True):
        yield row[:n, :m], np.full(n, 1 / n), np.full(m, 1 / m)


def plan_and_loss(batch: Batch, regularisation: float) -> tuple[torch.Tensor, torch.Tensor]:
    sides = (batch.student, batch.teacher, batch.student_mask, batch.teacher_mask)
    return transport_plan(cosine_cost(*sides[:2]), *sides[2:], regularisation), transport_loss(*sides, regularisation)


def test_cost_is_one_minus_the_cosine(batch: Batch) -> None:
    cost = cosine_cost(batch.student, batch.teacher)
    h, g = batch.student[0, 3].numpy(), batch.teacher[0, 7].numpy()
    assert cost.shape == (len(LENGTHS), 14, 11)
    assert cost[0, 3, 7].item() == pytest.approx(1 - h @ g / np.linalg.norm(h) / np.linalg.norm(g), abs=1e-6)


def test_the_plan_is_the_one_that_pot_finds_pair_by_pair(batch: Batch) -> None:
    plan, loss = plan_and_loss(batch, REGULARISATION)
    for row, value, (n, m), (cost, a, b) in zip(plan, loss, LENGTHS, pairs(batch), strict=True):
        expected = ot.sinkhorn(a, b, cost, REGULARISATION, numItermax=100_000, stopThr=1e-12)
        assert np.abs(row[:n, :m].numpy() - expected).max() < 1e-6
        assert value.item() == pytest.approx((expected * cost).sum(), abs=1e-6)


def test_training_stops_sinkhorn_near_that_plan(batch: Batch) -> None:
    masks = without_ends(batch.student_mask), without_ends(batch.teacher_mask)
    near = transport_loss(batch.student, batch.teacher, *masks).mean().item()
    assert ot_objective(batch).item() == pytest.approx(near, abs=1e-3)


def test_with_little_regularisation_the_loss_is_the_exact_one(batch: Batch) -> None:
    """The entropic plan costs at least the exact one and no more than regularisation * log(n m) above it."""
    excess = {}
    for regularisation in (0.05, 0.02, 0.005):
        _, loss = plan_and_loss(batch, regularisation)
        exact = np.array([ot.emd2(a, b, cost) for cost, a, b in pairs(batch)])
        excess[regularisation] = loss.numpy() - exact
        assert (excess[regularisation] > -1e-5).all()
        assert (excess[regularisation] < [regularisation * np.log(n * m) + 1e-6 for n, m in LENGTHS]).all()
    assert excess[0.005].max() < 1e-3 < excess[0.05].max()


def test_with_little_regularisation_the_plan_is_the_exact_one() -> None:
    """Tokens in another order, slightly moved: the exact plan is the permutation."""
    random = torch.Generator().manual_seed(1)
    teacher = torch.randn(3, 9, 32, generator=random)
    order = torch.stack([torch.randperm(9, generator=random) for _ in range(3)])
    student = teacher[torch.arange(3)[:, None], order] + 0.1 * torch.randn(3, 9, 32, generator=random)
    mask = torch.ones(3, 9)
    cost = cosine_cost(student, teacher)
    plan = transport_plan(cost, mask, mask, 0.005)
    for row, costs, places in zip(plan, cost, order, strict=True):
        exact = ot.emd(np.full(9, 1 / 9), np.full(9, 1 / 9), costs.double().numpy())
        assert exact.argmax(1).tolist() == places.tolist()
        assert np.abs(row.numpy() - exact).max() < 1e-5


@pytest.mark.parametrize(("regularisation", "near"), [(REGULARISATION, 1e-6), (0.02, 1e-4)])
def test_marginals_are_uniform_over_tokens_and_padding_holds_nothing(batch: Batch, regularisation: float, near: float) -> None:
    plan, _ = plan_and_loss(batch, regularisation)
    assert (plan >= 0).all()
    for row, (n, m) in zip(plan, LENGTHS, strict=True):
        assert (row[n:] == 0).all() and (row[:, m:] == 0).all()
        assert row.sum(1)[:n].tolist() == pytest.approx([1 / n] * n, abs=near)
        assert row.sum(0)[:m].tolist() == pytest.approx([1 / m] * m, abs=near)


def test_what_stands_at_padding_changes_nothing(batch: Batch) -> None:
    other = batch.student.clone(), batch.teacher.clone()
    other[0][batch.student_mask == 0], other[1][batch.teacher_mask == 0] = -7.0, 0.0
    masks = batch.student_mask, batch.teacher_mask
    assert torch.equal(transport_loss(*other, *masks), transport_loss(batch.student, batch.teacher, *masks))
    n, m = LENGTHS[1]
    alone = transport_loss(batch.student[1:2, :n], batch.teacher[1:2, :m], torch.ones(1, n), torch.ones(1, m))
    assert alone.item() == pytest.approx(transport_loss(batch.student, batch.teacher, *masks)[1].item(), abs=1e-6)


def test_gradient_is_that_of_the_cost_under_the_plan_held_constant(batch: Batch) -> None:
    """Against central differences of <plan, cost> in double precision; none reaches the teacher's states or padding."""
    student = batch.student.clone().requires_grad_()
    transport_loss(student, batch.teacher, batch.student_mask, batch.teacher_mask).sum().backward()
    gradient = student.grad
    assert gradient is not None
    plan, _ = plan_and_loss(batch, REGULARISATION)
    plan = plan.double().numpy()
    teacher = batch.teacher.double().numpy()
    teacher = teacher / np.linalg.norm(teacher, axis=-1, keepdims=True)

    def loss(states: np.ndarray, row: int) -> float:
        unit = states / np.linalg.norm(states, axis=-1, keepdims=True)
        return float((plan[row] * (1 - unit @ teacher[row].T)).sum())

    step = 1e-5
    for row, token, dimension in [(0, 0, 0), (0, 13, 5), (1, 4, 15), (2, 0, 3), (3, 1, 8), (5, 6, 2), (7, 12, 9)]:
        moved = [batch.student[row].double().numpy().copy() for _ in range(2)]
        moved[0][token, dimension] += step
        moved[1][token, dimension] -= step
        expected = (loss(moved[0], row) - loss(moved[1], row)) / (2 * step)
        assert abs(expected) > 1e-6
        assert gradient[row, token, dimension].item() == pytest.approx(expected, rel=1e-3, abs=1e-7)
    assert (gradient[batch.student_mask == 0] == 0).all()


def test_following_the_gradient_aligns_the_tokens() -> None:
    """Two hundred steps bring each student token to a teacher token's direction: the loss falls to nearly nothing."""
    random = torch.Generator().manual_seed(5)
    teacher, mask = torch.randn(2, 6, 8, generator=random), torch.ones(2, 6)
    student = torch.randn(2, 6, 8, generator=random).requires_grad_()
    optimizer = torch.optim.Adam([student], lr=0.05)
    losses = []
    for _ in range(200):
        loss = transport_loss(student, teacher, mask, mask).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.5 and losses[-1] < 0.02


def test_too_little_regularisation_is_refused(batch: Batch) -> None:
    for regularisation in (0.004, 0.0, -1.0):
        with pytest.raises(ValueError, match=r"regularisation is .*; Sinkhorn needs at least 0\.005"):
            plan_and_loss(batch, regularisation)


def test_at_the_least_regularisation_opposite_tokens_have_a_finite_loss() -> None:
    """Costs of 2 everywhere: exp(-2 / 0.005) is 1e-174, which 32-bit floats would take for nothing."""
    tokens, mask = torch.ones(1, 4, 3), torch.ones(1, 4)
    assert transport_loss(tokens, -tokens, mask, mask, 0.005).item() == pytest.approx(2, abs=1e-5)


def test_sixteen_bit_states_give_the_loss_of_what_they_hold(batch: Batch) -> None:
    rounded = batch.student.bfloat16()
    masks = batch.student_mask, batch.teacher_mask
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = transport_loss(rounded, batch.teacher, *masks)
    assert torch.isfinite(found).all()
    assert found.tolist() == pytest.approx(transport_loss(rounded.float(), batch.teacher, *masks).tolist(), abs=0.01)


# The objectives around it


def test_special_tokens_take_no_part_in_the_alignment_but_in_a_text_of_nothing_else(batch: Batch) -> None:
    mask = torch.tensor([[1.0, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]])
    assert without_ends(mask).tolist() == [[0, 1, 1, 0, 0], [0, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 1, 0]]


def test_objectives_add_up(batch: Batch) -> None:
    one, other, both = (total(parts, batch).item() for parts in (["ot"], ["pooled"], ["ot", "pooled"]))
    assert both == pytest.approx(one + other, abs=1e-6)


def test_pooled_is_one_minus_the_cosine_of_means_over_tokens(batch: Batch) -> None:
    expected = []
    for student, teacher, (n, m) in zip(batch.student.numpy(), batch.teacher.numpy(), LENGTHS, strict=True):
        left, right = student[:n].mean(0), teacher[:m].mean(0)
        expected.append(1 - left @ right / np.linalg.norm(left) / np.linalg.norm(right))
    assert pooled_objective(batch).item() == pytest.approx(np.mean(expected), abs=1e-6)


def test_scores_is_the_divergence_between_distributions_over_passages(batch: Batch) -> None:
    passages = torch.nn.functional.normalize(torch.randn(30, 16, generator=torch.Generator().manual_seed(2)), dim=1)
    compared = Batch(batch.student, batch.student_mask, batch.teacher, batch.teacher_mask, passages)
    logits = [
        (pool(states, mask, "mean") @ passages.T / 0.05).double().numpy()
        for states, mask in ((batch.student, batch.student_mask), (batch.teacher, batch.teacher_mask))
    ]
    student, teacher = (np.exp(rows) / np.exp(rows).sum(1, keepdims=True) for rows in logits)
    expected = (teacher * np.log(teacher / student)).sum(1).mean()
    assert scores_objective(compared).item() == pytest.approx(expected, rel=1e-4)
    same = Batch(batch.teacher, batch.teacher_mask, batch.teacher, batch.teacher_mask, passages)
    assert scores_objective(same).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("regularisation", "tolerance"), [(REGULARISATION, 1e-6), (REGULARISATION, 1e-3), (0.02, 1e-3)])
def test_the_plan_of_a_gpu_is_that_of_pot(batch: Batch, regularisation: float, tolerance: float) -> None:
    cost = cosine_cost(batch.student, batch.teacher).double()
    masses = [(mask / mask.sum(1, keepdim=True)).double() for mask in (batch.student_mask, batch.teacher_mask)]
    plans = [solve(cost, *masses, regularisation, tolerance) for solve in (by_pot, in_few_kernels)]
    assert torch.allclose(*plans, rtol=1e-9, atol=1e-12)


def test_all_arrays_of_the_loss_are_on_one_device(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's device without values stands for a GPU: an array of another device in the loss is an error there, as on a GPU."""
    # The one number that is looked at on the way. That device has no automatic precision either.
    monkeypatch.setattr(transport, "furthest", lambda _: 0.0)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    student, student_mask, teacher, teacher_mask = (
        part.to("meta") for part in (batch.student, batch.student_mask, batch.teacher, batch.teacher_mask)
    )
    passages = torch.randn(5, 16, device="meta")
    for ways in ((), ("centred", "ordered", "sharp")):
        elsewhere = Batch(student, student_mask, teacher, teacher_mask, passages, transport=ways)
        assert total(["ot", "pooled", "scores", "maxsim"], elsewhere).device.type == "meta"
