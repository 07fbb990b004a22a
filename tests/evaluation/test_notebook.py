"""A report in a notebook: pandas' tables and the HTML below a cell."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from test_compare import STRENGTHS, make

from optical_repro.base.errors import InputError
from optical_repro.evaluation.metrics import METRICS
from optical_repro.evaluation.report import Report, write_report
from optical_repro.experiment.systems import meaning


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    place = tmp_path_factory.mktemp("notebook")
    make(place, "tiny.yo.test", seed=1)
    folder = place / "runs/tiny.yo.test"
    (folder / "<b>theirs&.trec").write_text((folder / "bm25-qt.trec").read_text())
    return write_report(folder, place / "qrels/tiny.yo.test.txt", meaning=meaning)


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_systems(report: Report) -> None:
    frame = report.to_dataframe()
    assert list(frame.columns) == list(METRICS) and set(frame.index) == {*STRENGTHS, "<b>theirs&"}
    assert frame["map"].is_monotonic_decreasing
    assert frame.loc["dense-qt", "ndcg@10"] == report.results.systems["dense-qt"].mean("ndcg@10")


def test_comparisons_are_those_of_the_csv(report: Report) -> None:
    frame, lines = report.to_dataframe("comparisons"), read(report.folder / "report.csv")
    assert len(frame) == len(lines) and list(frame.columns) == list(lines[0])
    assert [repr(float(p)) for p in frame["p_adjusted"]] == [line["p_adjusted"] for line in lines]


def test_topics_are_those_of_the_csv(report: Report) -> None:
    frame = report.to_dataframe("topics")
    for line in read(report.folder / "report.topics.csv"):
        assert frame.loc[(line["metric"], line["topic"]), "optical-cs"] == float(line["optical-cs"])


def test_another_table_is_refused(report: Report) -> None:
    with pytest.raises(InputError, match='unknown table "topic"; did you mean topics'):
        report.to_dataframe("topic")


def test_below_a_cell(report: Report) -> None:
    html = report._repr_html_()
    assert "&lt;b&gt;theirs&amp;" in html and "<b>theirs" not in html and "<script" not in html
    assert html.count("<tr>") == len(STRENGTHS) + 2
    mean = f"{report.results.systems['dense-zs'].mean('map'):.3f}".removeprefix("0")
    assert f">dense-zs</th><td>{mean} \u25bc</td>" in html and "dense-qt (baseline)" in html
