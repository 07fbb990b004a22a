"""Runs, judgements and topics as trec_eval, ir_measures and Pyserini's own evaluation read them: nothing is converted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ir_measures
import pytest
import pytrec_eval
from conftest import Done
from ir_measures import AP, RR, P, R, nDCG

from optical_repro.base.trec import read_qrels, read_run
from optical_repro.retrieval import jvm

SYSTEMS = ("bm25-qt", "dense-qt", "optical-cs", "optical-cs+bm25")


@pytest.fixture(scope="module")
def reported(sample_run: Done) -> dict[str, dict[str, float]]:
    return json.loads((sample_run.runs / "report.json").read_text(encoding="utf-8"))["systems"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_trec_eval_reads_them_and_gives_the_reports_scores(sample_run: Done, reported: dict[str, dict[str, float]], system: str) -> None:
    with (sample_run.runs / f"{system}.trec").open() as file:
        run = pytrec_eval.parse_run(file)
    with sample_run.qrels.open() as file:
        qrels = pytrec_eval.parse_qrel(file)
    assert run == read_run(sample_run.runs / f"{system}.trec")
    assert qrels == read_qrels(sample_run.qrels)
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"map", "P.5,10,20", "ndcg_cut.10", "recall.100"})
    topics = evaluator.evaluate(run)
    names = {"map": "map", "P_5": "precision@5", "P_20": "precision@20", "ndcg_cut_10": "ndcg@10", "recall_100": "recall@100"}
    for name, ours in names.items():
        mean = sum(topic[name] for topic in topics.values()) / len(qrels)
        assert mean == pytest.approx(reported[system][ours], abs=1e-4)


@pytest.mark.parametrize("system", SYSTEMS)
def test_ir_measures_reads_them_and_gives_the_reports_scores(sample_run: Done, reported: dict[str, dict[str, float]], system: str) -> None:
    qrels = list(ir_measures.read_trec_qrels(str(sample_run.qrels)))
    run = list(ir_measures.read_trec_run(str(sample_run.runs / f"{system}.trec")))
    assert len(run) == sum(map(len, read_run(sample_run.runs / f"{system}.trec").values()))
    names = {AP: "map", P @ 10: "precision@10", nDCG @ 10: "ndcg@10", R @ 100: "recall@100", RR @ 10: "mrr@10"}
    for measure, value in ir_measures.calc_aggregate(list(names), qrels, run).items():
        assert value == pytest.approx(reported[system][names[measure]], abs=1e-4)


def test_pyserinis_own_evaluation_gives_the_reports_scores(sample_run: Done, reported: dict[str, dict[str, float]]) -> None:
    """It runs the trec_eval in Anserini's jar: no network."""
    measures = ["-c", "-m", "map", "-m", "ndcg_cut.10", "-m", "P.10"]
    files = [str(sample_run.qrels), str(sample_run.runs / "optical-cs.trec")]
    line = [sys.executable, "-m", "pyserini.eval.trec_eval", *measures, *files]
    done = subprocess.run(line, env=jvm.environment(), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    columns = [found.split() for found in done.stdout.splitlines() if len(found.split()) == 3]
    values = {name: float(value) for name, _, value in columns}
    names = {"map": "map", "ndcg_cut_10": "ndcg@10", "P_10": "precision@10"}
    assert values == {name: pytest.approx(reported["optical-cs"][ours], abs=1e-4) for name, ours in names.items()}


def test_pyserini_reads_the_topics(sample_run: Done, tmp_path: Path) -> None:
    jvm.start()
    from pyserini.query_iterator import DefaultQueryIterator

    from optical_repro.collections import sample

    topics = sample.FOLDER / "topics.yo.test.tsv"
    found = dict(DefaultQueryIterator.from_topics(str(topics)))
    expected = dict(line.split("\t") for line in topics.read_text(encoding="utf-8").splitlines())
    assert {str(topic): text for topic, text in found.items()} == expected
    as_read = dict(DefaultQueryIterator.from_topics(str(sample_run.runs / "bm25-qt.topics.tsv")))
    assert {str(topic) for topic in as_read} == set(read_run(sample_run.runs / "bm25-qt.trec"))


def test_runs_of_other_tools_enter_the_report(sample_run: Done, tmp_path: Path) -> None:
    """One that ir_measures would write: tabs, its own tag, scores in another form, in no order."""
    ours = read_run(sample_run.runs / "optical-cs.trec")
    lines = [
        f"{topic}\tQ0\t{document}\t0\t{score:e}\ttheirs\n" for topic, hits in ours.items() for document, score in reversed(hits.items())
    ]
    (tmp_path / "theirs.trec").write_text("".join(lines), encoding="utf-8")
    again = read_run(tmp_path / "theirs.trec")
    qrels = list(ir_measures.read_trec_qrels(str(sample_run.qrels)))
    assert ir_measures.calc_aggregate([AP], qrels, again)[AP] == pytest.approx(ir_measures.calc_aggregate([AP], qrels, ours)[AP], abs=1e-3)
