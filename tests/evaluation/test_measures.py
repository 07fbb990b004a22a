"""Measures by name: all that ranx has, with its values; others are refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from test_compare import make

from optical_repro.base.errors import InputError
from optical_repro.base.trec import read_qrels, read_run
from optical_repro.compare import main
from optical_repro.evaluation.measures import PRINTED, heading, parse
from optical_repro.evaluation.metrics import METRICS, evaluate

ALL = [
    name + suffix
    for name in PRINTED
    for suffix in ("", "@10", "-l2")
    if name != "rbp" and not (name in ("r-precision", "bpref") and suffix == "@10")
]
ALL += ["rbp.95", "rbp.5-l2", "ndcg@20-l2"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "tiny.yo.test", seed=1)
    return tmp_path / "runs/tiny.yo.test"


def test_values_are_those_of_ranx_for_dictionaries(folder: Path) -> None:
    """Through `evaluate`'s arrays, and as ranx scores what it is given as dictionaries; some judgements are of grade 0."""
    from ranx import Qrels, Run
    from ranx import evaluate as ranx_evaluate

    qrels = {
        topic: {document: (number + len(topic)) % 4 for number, document in enumerate(grades)} | {"d199": 0, "d198": 3}
        for topic, grades in read_qrels(Path("qrels/tiny.yo.test.txt")).items()
    }
    run = {topic: dict(list(hits.items())[:100]) for topic, hits in read_run(folder / "optical-cs.trec").items()}
    values = evaluate(qrels, run, ALL)
    theirs = ranx_evaluate(Qrels(qrels), Run(run), ALL, return_mean=False, make_comparable=True)
    for metric in ALL:
        assert [values[metric][topic] for topic in sorted(qrels)] == pytest.approx(list(theirs[metric])), metric


def test_bpref_without_judged_documents_that_are_not_relevant(folder: Path) -> None:
    qrels = {"q1": {"d1": 1, "d2": 1}, "q2": {"d1": 0}, "q3": {"d1": 1, "d2": 0, "d3": 1}}
    run = {"q1": {"d9": 2.0, "d1": 1.0}, "q2": {"d1": 1.0}, "q3": {"d1": 3.0, "d2": 2.0, "d3": 1.0}}
    assert list(evaluate(qrels, run, ["map", "bpref"])["bpref"].values()) == [0.5, 0.0, 0.5]


def test_the_tables_have_the_asked_measures_and_map_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "ndcg@20,recall@1000,rbp.95,nDCG_burges@5,ndcg@20"
    measures = ["map", "ndcg@20", "recall@1000", "rbp.95", "ndcg_burges@5"]
    assert main([str(folder), "--metrics", asked]) == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["metrics"] == measures == list(report["systems"]["human"])
    assert [one["metric"] for one in report["comparisons"]][::15] == measures
    with (folder / "report.topics.csv").open() as file:
        assert list(dict.fromkeys(row["metric"] for row in csv.DictReader(file))) == measures
    heads = ["MAP", "nDCG@20", "R@1000", "RBP.95", "nDCG (2^grade)@5"]
    lines = capsys.readouterr().out.splitlines()
    head, row = lines[2], next(line for line in lines if line.startswith("human "))
    assert head.split() == " ".join(heads).split()
    for metric, text in zip(measures, heads, strict=True):
        end = head.index(text) + len(text)
        assert row[:end].endswith(f"{report['systems']['human'][metric]:.3f}".removeprefix("0"))
    assert "nDCG (2\\textasciicircum{}grade)@5" in (folder / "report.tex").read_text()
    assert all(f">{text}</" in (folder / "report.html").read_text() for text in heads)


def test_without_the_option_measures_stay(folder: Path) -> None:
    assert main([str(folder)]) == 0
    assert json.loads((folder / "report.json").read_text())["metrics"] == list(METRICS)


def test_names_as_tables_have_them() -> None:
    assert parse("P@5,R@1000,MRR@10,nDCG@20") == ("map", "precision@5", "recall@1000", "mrr@10", "ndcg@20")


def test_map_alone(folder: Path) -> None:
    assert main([str(folder), "--metrics", "map"]) == 0
    assert json.loads((folder / "report.json").read_text())["metrics"] == ["map"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ndgc@10", 'unknown metric "ndgc@10"; did you mean ndcg@10'),
        ("ncdg@20", 'unknown metric "ncdg@20"; did you mean ndcg@20'),
        ("ndcg@0", 'unknown metric "ndcg@0"'),
        ("ndcg@ten", 'unknown metric "ndcg@ten"'),
        ("", 'unknown metric ""'),
        ("map,,mrr", 'unknown metric ""'),
        ("rbp", 'metric "rbp"; expected'),
        ("ndcg.95", 'metric "ndcg.95"; expected'),
        ("bpref@10", 'metric "bpref@10"; expected'),
        ("ndcg@10-l0", 'unknown metric "ndcg@10-l0"'),
    ],
)
def test_other_names_are_refused(folder: Path, name: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError):
        parse(name)
    if name:
        assert main([str(folder), "--metrics", name]) == 2
        assert told in capsys.readouterr().err
        assert not (folder / "report.json").exists()


def test_headings_of_the_usual_measures() -> None:
    assert [heading(metric) for metric in METRICS] == ["MAP", "P@5", "P@10", "P@20", "nDCG@10", "R@100", "MRR@10"]
