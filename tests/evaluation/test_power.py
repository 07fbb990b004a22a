"""What the number of topics lets a report see."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from optical_repro.base.trec import write_qrels, write_run
from optical_repro.compare import main
from optical_repro.evaluation.power import power, smallest_p
from optical_repro.evaluation.report import write_report
from optical_repro.evaluation.results import Results
from optical_repro.evaluation.significance import ALPHA, adjust, compare, p_values

SYSTEMS = ("bm25-qt", "dense-qt", "dense-zs", "optical-cs", "optical-bt", "bm25", "theirs", "human")


def made(place: Path, topics: int, systems: tuple[str, ...] = SYSTEMS, **options: str) -> Results:
    """The results of random runs: every topic's relevant document at a random rank, higher for earlier systems."""
    random = np.random.default_rng(3)
    write_qrels(place / "qrels/tiny.yo.test.txt", {f"q{topic}": {"d0": 1} for topic in range(topics)})
    for number, system in enumerate(systems):
        ranks = [int(random.integers(1, 4 + number)) for _ in range(topics)]
        run = {
            f"q{topic}": {f"d{0 if place_ == rank else place_}": 100.0 - place_ for place_ in range(1, 20)}
            for topic, rank in enumerate(ranks)
        }
        write_run(place / "runs/tiny.yo.test" / f"{system}.trec", run, system)
    return write_report(place / "runs/tiny.yo.test", place / "qrels/tiny.yo.test.txt", **options).results


@pytest.mark.parametrize("topics", [2, 5, 9, 12])
def test_no_p_is_smaller_than_the_smallest(topics: int) -> None:
    """Where one system is better on every topic."""
    differences = np.linspace(0.1, 1, topics)[:, None]
    assert p_values(differences, "fisher")[0] == pytest.approx(smallest_p(topics, "fisher"))


def test_no_p_of_tukeys_test_is_smaller_than_its_smallest() -> None:
    scores = {name: {"map": np.full(3, level)} for name, level in (("a", 0.1), ("b", 0.2), ("c", 0.9))}
    by_pair = {(one.a, one.b): one.p for one in compare(scores, [("a", "c"), ("a", "b")], "tukey")}
    assert by_pair["a", "c"] == pytest.approx(smallest_p(3, "tukey", 3), rel=0.2)
    assert by_pair["a", "b"] > by_pair["a", "c"]


def test_with_eight_topics_and_28_comparisons_nothing_can_become_significant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = power(made(tmp_path, 8))
    assert found is not None and (found.topics, found.comparisons) == (8, 28)
    assert found.smallest_p == 2 / 2**8 and found.level == ALPHA / 28
    assert found.smallest_significant is None and found.detectable is None
    best = adjust(np.full(28, found.smallest_p), "holm")
    assert best.min() >= ALPHA  # were every system better than the next on every topic
    folder = tmp_path / "runs/tiny.yo.test"
    assert main([str(folder), "--qrels-dir", str(tmp_path / "qrels")]) == 0
    told = "with 8 topics and 28 comparisons no difference can become significant"
    reason = "the smallest p of Fisher's randomization test is .0078, and it must be below .0018"
    assert f"{told}: {reason}" in capsys.readouterr().out
    assert told in (folder / "report.html").read_text() and told in (folder / "report.md").read_text()
    report = json.loads((folder / "report.json").read_text())["power"]
    assert (report["smallest_significant"], report["topics_for_wanted"]) == (None, found.topics_for_wanted)


def test_with_eleven_topics_something_can(tmp_path: Path) -> None:
    found = power(made(tmp_path, 11))
    assert found is not None and found.smallest_significant is not None


def test_the_smallest_significant_difference_is_where_the_t_test_turns(tmp_path: Path) -> None:
    """Differences with the median spread, moved to just below and just above it."""
    found = power(made(tmp_path, 60))
    assert found is not None and found.smallest_significant is not None and found.deviation is not None and found.detectable is not None
    assert 0 < found.smallest_significant < found.detectable < 1
    shape = np.random.default_rng(1).normal(size=60)
    shape = (shape - shape.mean()) / shape.std(ddof=1) * found.deviation
    below, above = (ttest_1samp(shape + found.smallest_significant * factor, 0).pvalue for factor in (0.99, 1.01))
    assert above < found.level < below
    near = [p_values((shape + found.smallest_significant * factor)[:, None], "fisher")[0] for factor in (0.9, 1.1)]
    assert near[1] < found.level < near[0]


def test_so_many_topics_find_the_wanted_difference_four_times_out_of_five(tmp_path: Path) -> None:
    found = power(made(tmp_path, 60))
    assert found is not None and found.topics_for_wanted is not None and found.deviation is not None
    random = np.random.default_rng(2)
    drawn = random.normal(0.05, found.deviation, (found.topics_for_wanted, 2000))
    assert 0.77 < (ttest_1samp(drawn, 0).pvalue < found.level).mean() < 0.83


def test_fewer_comparisons_see_more(tmp_path: Path) -> None:
    all_pairs, one = power(made(tmp_path, 60)), power(made(tmp_path, 60, baseline="bm25-qt"))
    assert all_pairs is not None and one is not None and one.comparisons < all_pairs.comparisons
    assert one.smallest_significant < all_pairs.smallest_significant


@pytest.mark.parametrize("test", ["student", "tukey"])
def test_the_other_tests(tmp_path: Path, test: str) -> None:
    found = power(made(tmp_path, 30, test=test))
    assert found is not None and found.smallest_significant is not None
    assert power(made(tmp_path, 1, test=test)).smallest_significant is None


def test_runs_that_are_alike_and_single_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert power(made(tmp_path / "one", 8, ("bm25",))) is None
    alike = tmp_path / "two"
    made(alike, 12, ("bm25",))
    folder = alike / "runs/tiny.yo.test"
    (folder / "same.trec").write_bytes((folder / "bm25.trec").read_bytes())
    assert main([str(folder), "--qrels-dir", str(alike / "qrels")]) == 0
    assert "so many topics" not in capsys.readouterr().out
    assert json.loads((folder / "report.json").read_text())["power"]["deviation"] is None
