"""TREC files as every evaluator reads them: one ranking, whole files, errors that name the line."""

from __future__ import annotations

import gzip
import math
import random
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from optical_repro.base.errors import InputError
from optical_repro.base.trec import ranking, read_qrels, read_run, write_qrels, write_run


def test_hits_are_ranked_best_first_and_cut_at_the_depth() -> None:
    hits = {f"d{number}": float(number) for number in range(2000)}
    ranked = ranking(hits)
    assert [document for document, _ in ranked] == [f"d{number}" for number in range(1999, 999, -1)]
    assert ranking(hits, 2) == [("d1999", 1999.0), ("d1998", 1998.0)]
    assert ranking({}) == []


@pytest.mark.parametrize(
    "hits",
    [
        {"b": 1.0, "a": 1.0, "c": 1.0},
        {"a": 0.0, "b": 0.0, "c": -0.0},
        {"a": -1.0, "b": -1.0, "c": -1.0},
        {"a": 0.3, "b": 0.3 - 1e-12, "c": 0.3 - 2e-12},
        {"a": 1e30, "b": 1e30, "c": 1e-30},
        {"a": 1e-45, "b": 1e-46, "c": 0.0},
        {"c": 5.0, "b": 5.0, "a": 5.0, "d": 5.0 - 1e-7, "e": 4.9999995},
    ],
)
def test_scores_fall_strictly_as_32_bit_floats(hits: dict[str, float]) -> None:
    ranked = ranking(hits)
    assert [document for document, _ in ranked] == sorted(hits, key=lambda document: (-hits[document], document))
    scores = np.array([score for _, score in ranked], dtype=np.float32)
    assert (np.diff(scores) < 0).all()
    assert scores.tolist() == pytest.approx([hits[document] for document, _ in ranked], rel=1e-5, abs=1e-40)


def test_written_and_read_the_scores_are_the_same_and_still_fall(tmp_path: Path) -> None:
    chance = random.Random(4)
    run = {f"t{topic}": {f"d{number}": round(chance.random(), 2) for number in range(1500)} for topic in range(3)}
    write_run(tmp_path / "x.trec", run, "x")
    again = read_run(tmp_path / "x.trec")
    assert {topic: list(hits) for topic, hits in again.items()} == {topic: [hit[0] for hit in ranking(hits)] for topic, hits in run.items()}
    for topic, hits in again.items():
        assert [np.float32(score) for score in hits.values()] == [np.float32(score) for _, score in ranking(run[topic])]
        assert len(hits) == 1000
        assert (np.diff(np.array(list(hits.values()), dtype=np.float32)) < 0).all()


def test_trec_eval_sees_the_ranking_that_is_written(tmp_path: Path) -> None:
    """All scores tied: trec_eval by itself would rank by falling document id, and find the relevant one last."""
    run = {"1": dict.fromkeys(["a", "b", "c", "d"], 0.5)}
    write_run(tmp_path / "x.trec", run, "x")
    with (tmp_path / "x.trec").open() as file:
        written = pytrec_eval.parse_run(file)
    measured = {
        name: pytrec_eval.RelevanceEvaluator({"1": {"a": 1}}, {"recip_rank"}).evaluate(hits)["1"]["recip_rank"]
        for name, hits in (("written", written), ("tied", run))
    }
    assert measured == {"written": 1.0, "tied": 0.25}


def test_a_run_file_has_six_columns(tmp_path: Path) -> None:
    write_run(tmp_path / "deep/er/x.trec", {"q-1": {"d#2": 0.25, "d1": 1 / 3}, "q2": {}}, "optical-cs+bm25")
    assert (tmp_path / "deep/er/x.trec").read_text() == ("q-1 Q0 d1 1 0.333333343 optical-cs+bm25\nq-1 Q0 d#2 2 0.25 optical-cs+bm25\n")


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_refused_and_nothing_written(tmp_path: Path, score: float) -> None:
    path = tmp_path / "x.trec"
    with pytest.raises(ValueError, match=r"bm25: the score of d2 for topic 2 is -?(nan|inf)"):
        write_run(path, {"1": {"d1": 1.0}, "2": {"d2": score}}, "bm25")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_file_of_before(tmp_path: Path) -> None:
    path = tmp_path / "x.trec"
    write_run(path, {"1": {"d1": 1.0}}, "bm25")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="NaN would look like a perfect ranking"):
        write_run(path, {"1": {"d1": math.nan}}, "bm25")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_anyones_run_is_read(tmp_path: Path) -> None:
    text = "1\tQ0\td1\t1\t-3.5\ttheir run\n".replace("their run", "theirs") + "\n1 q0 d2 7 2e3 x\r\n2 0 d1 0 5 -\n"
    with gzip.open(tmp_path / "x.gz", "wt") as file:
        file.write(text)
    assert read_run(tmp_path / "x.gz") == {"1": {"d1": -3.5, "d2": 2000.0}, "2": {"d1": 5.0}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 Q0 d2 2 0.5", "5 columns; expected six: topic Q0 document rank score tag"),
        ("1 Q0 d2 2 0.5 a b", "7 columns"),
        ("1 Q0 d2 2 high x", 'the score "high" is no finite number'),
        ("1 Q0 d2 2 nan x", 'the score "nan" is no finite number'),
        ("1 Q0 d1 2 0.5 x", "document d1 stands twice for topic 1"),
    ],
)
def test_run_lines_that_are_wrong(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.trec"
    path.write_text(f"1 Q0 d1 1 0.5 x\n\n{line}\n")
    with pytest.raises(InputError) as error:
        read_run(path)
    assert str(error.value).startswith(f"{path}:3: {message}")


def test_qrels_are_written_and_read(tmp_path: Path) -> None:
    qrels = {"q2": {"d1": 2, "d0": 0}, "q1": {"d9": -1}}
    write_qrels(tmp_path / "q.txt", qrels)
    assert (tmp_path / "q.txt").read_text() == "q2 0 d1 2\nq2 0 d0 0\nq1 0 d9 -1\n"
    assert read_qrels(tmp_path / "q.txt") == qrels


def test_qrels_with_a_document_judged_twice(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("q1 0 d1 1\nq2 0 d1 1\nq1 0 d1 0\n")
    with pytest.raises(InputError, match=r"q\.txt:3: document d1 is judged twice for topic q1"):
        read_qrels(tmp_path / "q.txt")


def test_empty_files(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("\n\n")
    with pytest.raises(InputError, match="no hits in it"):
        read_run(tmp_path / "x")
    with pytest.raises(InputError, match="no judgements in it"):
        read_qrels(tmp_path / "x")
