"""Measures against trec_eval's own code, tests of significance against enumeration and scipy, corrections against hand-worked examples."""

from __future__ import annotations

import tracemalloc
from itertools import combinations, permutations, product

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, IPrec, P, R, nDCG
from scipy.stats import ttest_rel

from optical_repro.base.trec import Qrels, Run, read_qrels, read_run, write_qrels, write_run
from optical_repro.evaluation import significance
from optical_repro.evaluation.metrics import METRICS, RECALL_LEVELS, evaluate, order, precision_curve

TREC_EVAL = {
    "map": AP,
    "precision@5": P @ 5,
    "precision@10": P @ 10,
    "precision@20": P @ 20,
    "ndcg@10": nDCG @ 10,
    "recall@100": R @ 100,
    "mrr@10": RR,
}


def graded(seed: int) -> tuple[Qrels, Run]:
    """Sixty topics with grades -1 to 3; a run of 3 to 400 hits a topic, many tied, some topics missing, some unjudged."""
    random = np.random.default_rng(seed)
    qrels: Qrels = {}
    run: Run = {}
    for topic in range(60):
        judged = random.choice(500, size=random.integers(2, 40), replace=False)
        grades = random.choice([-1, 0, 0, 1, 1, 2, 3], size=len(judged))
        grades[0] = max(1, grades[0])
        qrels[f"t{topic}"] = {f"d{document:03}": int(grade) for document, grade in zip(judged, grades, strict=True)}
        if topic % 12:
            found = random.choice(500, size=random.integers(3, 400), replace=False)
            # Relevant documents score higher on average; one decimal makes ties, the added 1e-9 vanishes in 32 bits.
            scores = {f"d{document:03}": float(np.round(random.normal(), 1)) + 1e-9 * document for document in found}
            run[f"t{topic}"] = {document: score + max(0, qrels[f"t{topic}"].get(document, 0)) for document, score in scores.items()}
    run["not-judged"] = {"d001": 1.0}
    return qrels, run


def by_trec_eval(measure: ir_measures.Measure, qrels: Qrels, run: Run) -> dict[str, float]:
    """One measure by trec_eval's code; topics it passes over score 0."""
    provider = ir_measures.providers.registry["pytrec_eval"]
    found = {metric.query_id: metric.value for metric in provider.iter_calc([measure], qrels, run)}
    if measure is RR:  # trec_eval's has no cut-off
        found = {topic: value if value > 1 / 10.5 else 0.0 for topic, value in found.items()}
    return {topic: found.get(topic, 0.0) for topic in qrels}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_measure_is_trec_evals_on_every_topic(metric: str, seed: int) -> None:
    qrels, run = graded(seed)
    expected = by_trec_eval(TREC_EVAL[metric], qrels, run)
    assert 0.05 < sum(expected.values()) / len(expected) < 0.95
    assert evaluate(qrels, run)[metric] == pytest.approx(expected, abs=1e-6)


def test_measures_of_a_run_written_and_read_again_are_the_same(tmp_path) -> None:
    qrels, run = graded(3)
    write_qrels(tmp_path / "q.txt", qrels)
    write_run(tmp_path / "r.trec", run, "r")
    again = read_run(tmp_path / "r.trec")
    for metric, expected in ((metric, by_trec_eval(measure, qrels, again)) for metric, measure in TREC_EVAL.items()):
        assert evaluate(read_qrels(tmp_path / "q.txt"), again)[metric] == pytest.approx(expected, abs=1e-6)


def test_topics_without_hits_score_nothing_and_topics_without_judgement_do_not_count() -> None:
    scores = evaluate({"a": {"d1": 1}, "b": {"d1": 1}, "c": {"d1": 0}}, {"a": {"d1": 2.0}, "c": {"d1": 1.0}, "z": {"d1": 1.0}})
    assert scores["map"] == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert scores["precision@5"] == {"a": 0.2, "b": 0.0, "c": 0.0}


def test_ties_are_broken_as_trec_eval_breaks_them() -> None:
    assert order({"d1": 1.0, "d3": 1.0, "d2": 1.0 + 1e-12, "d0": 2.0}) == ["d0", "d3", "d2", "d1"]


def test_precision_curve_is_trec_evals() -> None:
    qrels, run = graded(4)
    curve = precision_curve(qrels, {topic: order(hits) for topic, hits in run.items()})
    for level in range(RECALL_LEVELS):
        by_topic = by_trec_eval(IPrec @ (level / 10), qrels, run)
        assert curve[level] == pytest.approx(sum(by_topic.values()) / len(qrels), abs=1e-6)


def test_fisher_is_exact_on_few_topics() -> None:
    differences = np.array([[0.5, 0.1], [0.25, -0.1], [0.0, 0.3], [-0.125, 0.2], [0.3, 0.3], [0.05, -0.2]])
    for column, p in enumerate(significance.p_values(differences, "fisher")):
        values = differences[:, column]
        sums = [abs(sum(sign * value for sign, value in zip(signs, values, strict=True))) for signs in product((-1, 1), repeat=6)]
        assert p == sum(total >= abs(values.sum()) - 1e-9 for total in sums) / 64


def test_fisher_on_many_topics_is_near_the_exact_p() -> None:
    # All differences equal in size: the exact p is a binomial tail.
    from scipy.stats import binomtest

    differences = np.repeat([[0.1], [-0.1]], [70, 40], axis=0)
    exact = binomtest(70, 110).pvalue
    (p,) = significance.p_values(differences, "fisher")
    assert p == pytest.approx(exact, abs=4 * np.sqrt(exact / significance.PERMUTATIONS))
    assert significance.p_values(differences, "fisher")[0] == p


def test_fisher_tells_one_in_a_hundred_thousand_and_never_zero() -> None:
    p = significance.p_values(np.column_stack([np.full(100, 0.2), np.zeros(100)]), "fisher")
    assert p.tolist() == [1e-5, 1.0]


def test_student_is_scipys() -> None:
    random = np.random.default_rng(0)
    a, b = random.random((40, 5)), random.random((40, 5))
    assert significance.p_values(a - b, "student") == pytest.approx(ttest_rel(a, b).pvalue, abs=1e-12)


def test_student_without_variation() -> None:
    assert significance.p_values(np.zeros((9, 1)), "student").tolist() == [1.0]
    assert significance.p_values(np.ones((1, 1)), "student").tolist() == [1.0]
    assert significance.p_values(np.full((9, 1), 0.5), "student").tolist() == [0.0]


def test_tukey_on_few_topics_is_near_the_share_of_all_rearrangements() -> None:
    scores = np.array([[0.9, 0.4, 0.5], [0.8, 0.3, 0.1], [0.6, 0.5, 0.2], [0.7, 0.6, 0.35]])
    p = significance.tukey(np.stack([scores, scores[:, ::-1]], axis=2))
    means = np.array([np.mean(rows, axis=0) for rows in product(*(list(permutations(row)) for row in scores))])
    ranges = means.max(axis=1) - means.min(axis=1)
    for a, b in combinations(range(3), 2):
        exact = (ranges >= abs(scores[:, a].mean() - scores[:, b].mean()) - 1e-9).mean()
        assert p[0, a, b] == p[0, b, a]
        assert p[0, a, b] == pytest.approx(exact, abs=4 * np.sqrt(0.25 / significance.REARRANGEMENTS))
    assert p[1, ::-1, ::-1] == pytest.approx(p[0], abs=0.02)
    assert np.diagonal(p, axis1=1, axis2=2).tolist() == [[1.0] * 3] * 2


def test_tukey_with_two_systems_is_fishers_test() -> None:
    scores = np.random.default_rng(7).random((9, 2)) + np.array([0.3, 0.0])
    (exact,) = significance.p_values(scores[:, :1] - scores[:, 1:], "fisher")
    assert 0.01 < exact < 0.5
    assert significance.tukey(scores[:, :, None])[0, 0, 1] == pytest.approx(exact, abs=4 * np.sqrt(exact / significance.REARRANGEMENTS))


def test_tukey_asks_more_of_a_pair_the_more_systems_there_are() -> None:
    random = np.random.default_rng(8)
    scores = random.random((60, 9))
    scores[:, 0] += 0.15
    p = [significance.tukey(scores[:, :systems, None])[0, 0, 1] for systems in (2, 9)]
    assert p[0] < p[1] < 1


def test_tukeys_p_stands_beside_the_other_tests_and_is_corrected_by_nothing() -> None:
    random = np.random.default_rng(9)
    scores = {name: {"map": random.random(50) + worth} for name, worth in (("a", 0.3), ("b", 0.0), ("c", 0.05))}
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    beside, alone = (significance.compare(scores, pairs, test, "bonferroni") for test in ("student", "tukey"))
    assert [made.tukey for made in beside] == [made.tukey for made in alone] == [made.p for made in alone]
    assert [made.p_adjusted for made in alone] == [made.p for made in alone]
    assert alone[0].tukey == 1e-4 and alone[2].tukey > 0.05
    assert {(made.test, made.correction) for made in alone} == {("tukey", "tukey")}


def test_holm_by_hand() -> None:
    # .005*4 = .02; .01*3 = .03; .03*2 = .06; .04*1 = .04, raised to the .06 before it.
    assert significance.adjust(np.array([0.01, 0.04, 0.03, 0.005]), "holm") == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert significance.adjust(np.array([0.4, 0.9]), "holm").tolist() == [0.8, 0.9]
    assert significance.adjust(np.array([0.6, 0.7]), "holm").tolist() == [1.0, 1.0]


def test_bonferroni_and_none() -> None:
    p = np.array([0.01, 0.4, 0.2])
    assert significance.adjust(p, "bonferroni") == pytest.approx([0.03, 1.0, 0.6])
    assert significance.adjust(p, "none").tolist() == p.tolist()


def test_a_comparison_tells_both_sides_of_the_same_thing() -> None:
    random = np.random.default_rng(5)
    scores = {name: {"map": random.random(80) * worth, "mrr@10": random.random(80)} for name, worth in (("a", 1.0), ("b", 0.6), ("c", 0.5))}
    made = significance.compare(scores, [("a", "b"), ("a", "c"), ("b", "c")])
    assert [(one.metric, one.a + one.b) for one in made] == [(metric, pair) for metric in ("map", "mrr@10") for pair in ("ab", "ac", "bc")]
    first = made[0]
    assert first.delta == pytest.approx(scores["a"]["map"].mean() - scores["b"]["map"].mean())
    assert first.relative == pytest.approx(first.delta / scores["b"]["map"].mean())
    assert first.wins + first.ties + first.losses == 80
    assert first.low < first.delta < first.high
    assert first.p_adjusted == pytest.approx(min(1, max(first.p * 2, made[1].p * 3)))
    (other,) = (one for one in significance.compare(scores, [("b", "a")]) if one.metric == "map")
    turned = first.reversed()
    assert (turned.p, turned.delta, turned.wins, turned.losses) == (other.p, other.delta, other.wins, other.losses)
    assert (turned.low, turned.high, turned.effect) == pytest.approx((other.low, other.high, other.effect))


def test_bootstrap_interval_is_near_the_normal_one() -> None:
    values = np.random.default_rng(2).normal(0.3, 0.2, (400, 1))
    low, high = significance.bootstrap_interval(values)
    half = 1.96 * values.std() / np.sqrt(400)
    assert (low[0], high[0]) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.002)


def many_systems(systems: int, topics: int) -> dict[str, dict[str, np.ndarray]]:
    """Scores of systems some of which are one but for a topic, or in all."""
    random = np.random.default_rng(11)
    scores = {f"s{number}": {metric: random.random(topics).round(2) for metric in ("map", "mrr@10")} for number in range(systems)}
    scores["same"] = {metric: values.copy() for metric, values in scores["s0"].items()}
    scores["near"] = {metric: values + np.eye(topics)[3] * 1e-5 for metric, values in scores["s0"].items()}
    return scores


@pytest.mark.parametrize("topics", [9, 40])
def test_pairs_of_many_systems_have_the_p_that_each_has_alone(topics: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = many_systems(5, topics)
    pairs = list(combinations(scores, 2))
    made = significance.compare(scores, pairs)
    for one in made:
        (alone,) = significance.p_values((scores[one.a][one.metric] - scores[one.b][one.metric])[:, None], "fisher")
        assert one.p == alone, (one.a, one.b)
    assert next(one.p for one in made if (one.a, one.b) == ("s0", "near")) == 1.0  # one topic: every pattern goes as far
    monkeypatch.setattr(significance, "BLOCK", 2**12)
    assert [one.p for one in significance.compare(scores, pairs)] == [one.p for one in made]


def test_many_systems_take_little_memory() -> None:
    random = np.random.default_rng(12)
    scores = {f"s{number}": dict(zip("abcdefg", random.random((7, 60)), strict=True)) for number in range(25)}
    tracemalloc.start()
    significance.compare(scores, list(combinations(scores, 2)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 150e6  # 168 MB a matrix, were all pairs worked on at once
