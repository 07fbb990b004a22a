"""The plans of ``--transport`` and the objective ``maxsim``, on batches of texts of unequal length."""

from __future__ import annotations

from dataclasses import replace

import ot
import pytest
import torch

from optical_repro.base.errors import InputError
from optical_repro.base.stages import made_by
from optical_repro.distill import plans, ways
from optical_repro.distill.batch import Batch, without_ends
from optical_repro.distill.objectives import OBJECTIVES
from optical_repro.distill.objectives.maxsim import max_sims
from optical_repro.distill.recipe import Recipe
from optical_repro.distill.transport import cosine_cost, transport_plan
from optical_repro.options import of_run, settings
from optical_repro.retrieval.late_interaction import max_sim

LENGTHS = [(9, 7), (4, 9), (3, 3), (11, 12), (12, 4)]
"""Tokens of student and teacher in each pair of the batch."""
EVERY = [*((way,) for way in ways.WAYS), tuple(ways.WAYS)]
"""Each way alone, and all together."""


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Random token states around a common direction; those at padding are large, so that none may leak."""
    random = torch.Generator().manual_seed(3)
    student, teacher = (torch.randn(len(LENGTHS), 12, 16, generator=random) + 1 for _ in range(2))
    masks = [(torch.arange(12) < torch.tensor(sizes)[:, None]).float() for sizes in zip(*LENGTHS, strict=True)]
    student[masks[0] == 0], teacher[masks[1] == 0] = 1e3, -1e3
    weights = [1 + torch.rand(len(LENGTHS), 12, generator=random) for _ in range(2)]
    return Batch(student, masks[0], teacher, masks[1], student_weights=weights[0], teacher_weights=weights[1])


def plan(batch: Batch, *names: str) -> torch.Tensor:
    return plans.make(replace(batch, transport=names), *inner(batch), tolerance=1e-9)


def inner(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    return without_ends(batch.student_mask), without_ends(batch.teacher_mask)


@pytest.mark.parametrize("names", EVERY)
def test_every_way_gives_finite_gradients_and_none_at_padding(batch: Batch, names: tuple[str, ...]) -> None:
    student = batch.student.clone().requires_grad_()
    loss = OBJECTIVES["ot"].loss(replace(batch, student=student, transport=names))
    loss.backward()
    assert student.grad is not None and torch.isfinite(student.grad).all() and torch.isfinite(loss)
    mask = inner(batch)[0]
    assert (student.grad[mask == 0] == 0).all() and student.grad[mask > 0].abs().sum() > 0
    assert loss.item() != pytest.approx(OBJECTIVES["ot"].loss(batch).item(), abs=1e-4)


@pytest.mark.parametrize("names", EVERY)
def test_every_plan_moves_all_of_the_students_mass_and_none_at_padding(batch: Batch, names: tuple[str, ...]) -> None:
    student_mask, teacher_mask = inner(batch)
    found = plan(batch, *names)
    assert found.sum((1, 2)).tolist() == pytest.approx([1] * len(LENGTHS), abs=1e-5)
    assert (found >= 0).all() and (found[student_mask == 0] == 0).all() and (found.transpose(1, 2)[teacher_mask == 0] == 0).all()
    masses = student_mask * (batch.student_weights if "content" in names and batch.student_weights is not None else 1)
    assert torch.allclose(found.sum(2), masses / masses.sum(1, keepdim=True), atol=1e-5)


def test_a_centred_plan_does_not_change_with_a_shift_of_all_states_of_a_side(batch: Batch) -> None:
    shift = 5 * torch.randn(16, generator=torch.Generator().manual_seed(4))
    shifted = replace(batch, student=batch.student + shift, teacher=batch.teacher - 2 * shift)
    assert torch.allclose(plan(shifted, "centred"), plan(batch, "centred"), atol=1e-5)
    assert (plan(shifted, "sharp") - plan(batch, "sharp")).abs().max() > 0.01  # where the states are not centred it does


def test_centred_states_have_the_mean_of_their_text_taken_off(batch: Batch) -> None:
    mask = inner(batch)[0]
    for row, kept, found in zip(batch.student, mask, plans.centred(batch.student, mask), strict=True):
        tokens = row[kept > 0]
        assert torch.allclose(found[kept > 0], tokens - tokens.mean(0), atol=1e-4)


def test_an_ordered_plan_follows_the_diagonal_where_the_states_say_nothing() -> None:
    states, masks = torch.ones(1, 12, 4), [(torch.arange(12) < tokens).float()[None] for tokens in (9, 6)]
    batch = Batch(states, masks[0], states, masks[1], transport=("ordered",))
    found = plans.make(batch, *masks, tolerance=1e-9)[0, :9, :6]
    assert (found.argmax(1).diff() >= 0).all()
    assert found[0, 0] > 2 * found[0, 5] and found[8, 5] > 2 * found[8, 0]
    level = plans.make(replace(batch, transport=("sharp",)), *masks, tolerance=1e-9)[0, :9, :6]
    assert torch.allclose(level, torch.full((9, 6), 1 / 54), atol=1e-6)


def test_distances_from_the_diagonal_are_between_relative_places(batch: Batch) -> None:
    student_mask, teacher_mask = inner(batch)
    found = plans.distances(student_mask, teacher_mask)
    n, m = int(student_mask[0].sum()), int(teacher_mask[0].sum())
    assert found[0, 1, 1].item() == pytest.approx(abs(0.5 / n - 0.5 / m))
    assert found[0, 1, m].item() == pytest.approx((m - 0.5) / m - 0.5 / n)


def test_a_one_sided_plan_nears_the_balanced_one_as_its_weight_grows(batch: Batch) -> None:
    cost, masks = cosine_cost(batch.student, batch.teacher), inner(batch)
    balanced = transport_plan(cost, *masks)
    away = [
        (plans.one_sided_plan(cost, *masks, tolerance=1e-10, relaxation=relaxation) - balanced).abs().max().item()
        for relaxation in (0.01, 0.1, 1.0, 10.0, 1000.0)
    ]
    assert away == sorted(away, reverse=True) and away[0] > 0.005 and away[-1] < 1e-4


def test_without_relaxation_each_student_token_chooses_alone(batch: Batch) -> None:
    cost, masks = cosine_cost(batch.student, batch.teacher), inner(batch)
    found = plans.one_sided_plan(cost, *masks, relaxation=0.0)
    alone = torch.softmax((-cost / 0.05).masked_fill(masks[1][:, None] == 0, float("-inf")), 2)
    assert torch.allclose(found, alone * (masks[0] / masks[0].sum(1, keepdim=True))[..., None], atol=1e-6)


def test_a_one_sided_plan_is_that_of_pot(batch: Batch) -> None:
    """The student's masses hold exactly: for POT, their divergence has an infinite weight."""
    cost, masks = cosine_cost(batch.student, batch.teacher), inner(batch)
    found = plans.one_sided_plan(cost, *masks, tolerance=1e-12)
    for row, costs, ours, theirs in zip(found, cost.double().numpy(), *masks, strict=True):
        kept = (ours > 0).numpy(), (theirs > 0).numpy()
        part = costs[kept[0]][:, kept[1]]
        a, b = ([1 / len(part)] * len(part), [1 / part.shape[1]] * part.shape[1])
        marginals = (float("inf"), plans.RELAXATION)
        expected = ot.unbalanced.sinkhorn_unbalanced(a, b, part, 0.05, marginals, reg_type="entropy", numItermax=10_000, stopThr=1e-12)
        assert row.numpy()[kept[0]][:, kept[1]] == pytest.approx(expected, abs=1e-5)


def test_a_sharp_plan_spreads_each_tokens_mass_less(batch: Batch) -> None:
    def entropy(found: torch.Tensor) -> float:
        return -torch.xlogy(found, found).sum().item()

    assert entropy(plan(batch, "sharp")) < entropy(plan(batch)) - 0.1


def test_information_is_the_smoothed_inverse_document_frequency() -> None:
    found = plans.information([[1, 5, 5], [1, 7], [1, 5]])
    once, twice = 1 + torch.tensor(4 / 2).log().item(), 1 + torch.tensor(4 / 3).log().item()
    assert found[0] == pytest.approx([1, twice, twice]) and found[1] == pytest.approx([1, once])


@pytest.mark.parametrize("objective", ["ot", "maxsim"])
def test_sixteen_bit_states_give_nearly_the_same_loss(batch: Batch, objective: str) -> None:
    ways_of = replace(batch, transport=tuple(ways.WAYS)) if objective == "ot" else batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = OBJECTIVES[objective].loss(replace(ways_of, student=batch.student.bfloat16()))
    assert found.item() == pytest.approx(OBJECTIVES[objective].loss(ways_of).item(), abs=0.05)


# MaxSim


def test_max_sims_are_those_of_late_interaction(batch: Batch) -> None:
    masks = inner(batch)
    found = max_sims(batch.student, masks[0], batch.teacher, masks[1])
    units = [torch.nn.functional.normalize(states, dim=-1) for states in (batch.student, batch.teacher)]
    for row in range(len(LENGTHS)):
        for column in range(len(LENGTHS)):
            query, document = units[0][row][masks[0][row] > 0].numpy(), units[1][column][masks[1][column] > 0].numpy()
            assert found[row, column].item() == pytest.approx(max_sim(query, document), abs=1e-5)


def test_maxsim_is_nothing_for_the_teacher_itself_and_falls_on_the_way_there(batch: Batch) -> None:
    same = replace(batch, student=batch.teacher, student_mask=batch.teacher_mask)
    assert OBJECTIVES["maxsim"].loss(same).item() == pytest.approx(0, abs=1e-5)
    student = batch.student.clone().requires_grad_()
    loss = OBJECTIVES["maxsim"].loss(replace(batch, student=student))
    [gradient] = torch.autograd.grad(loss, student)
    assert torch.isfinite(gradient).all() and (gradient[inner(batch)[0] == 0] == 0).all()
    nearer = OBJECTIVES["maxsim"].loss(replace(batch, student=student.detach() - gradient))
    assert nearer.item() < loss.item()


# The option


def test_the_option_names_ways_in_any_order() -> None:
    def recipe(*words: str) -> Recipe:
        return settings(of_run().parse_args(["--lang", "yo", *words])).recipe

    assert recipe("--transport", "sharp+centred").transport == ("centred", "sharp")
    assert recipe().transport == ()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"transport": ("centered",)}, r"unknown --transport \"centered\"; did you mean centred"),
        ({"transport": ("sharp",), "objective": "pooled"}, r"--transport sharp: --objective pooled makes no plan; add ot"),
    ],
)
def test_wrong_ways_are_refused_before_any_work(values: dict[str, object], error: str) -> None:
    with pytest.raises(InputError, match=error):
        Recipe(**values)  # type: ignore[arg-type]


def test_what_is_kept_of_a_recipe_names_ways_only_where_there_are_some() -> None:
    """So that students of before keep their place in the cache."""
    assert "transport" not in Recipe().described()
    assert Recipe(transport=("centred",)).described()["transport"] == ("centred",)
    assert made_by("plans")["modules"]["distill.plans"]["REVISION"] == plans.REVISION
