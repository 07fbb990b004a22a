"""The report of a folder of runs: the text for the terminal, and the files beside the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files import whole
from .across import Across, across
from .across_page import across_html
from .across_tables import across_csv, across_json, across_latex, across_markdown, across_text
from .exports import as_csv, as_json, as_topics_csv
from .measures import parse
from .metrics import METRICS
from .notebook import as_cell, as_dataframe
from .report_page import as_html
from .results import Results, read_results
from .tables import as_latex, as_markdown, as_text

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..collections.collection import Passage

FORMATS: dict[str, Callable[[Results], str]] = {
    "json": as_json,
    "csv": as_csv,
    "topics.csv": as_topics_csv,
    "md": as_markdown,
    "tex": as_latex,
    "html": as_html,
}
"""Suffix of each ``report.*`` file to the function that makes its text."""


@dataclass(frozen=True)
class Report:
    """Results, and where their files are."""

    results: Results
    folder: Path
    qrels_path: Path

    def text(self) -> str:
        """The table, the significant differences, and where the files are."""
        others = ", ".join(f".{suffix}" for suffix in FORMATS if suffix != "html")
        return "\n".join(
            [
                as_text(self.results),
                "",
                f"Report  {self.folder / 'report.html'} (open it in a browser; also {others})",
                f"Runs    {self.folder}/*.trec",
                f"Qrels   {self.qrels_path}",
            ]
        )

    def to_dataframe(self, table: str = "systems") -> DataFrame:
        """A table for pandas: ``systems`` by measures, ``comparisons`` as in report.csv, or the scores of ``topics``."""
        return as_dataframe(self.results, table)

    def _repr_html_(self) -> str:
        """The table of systems, below a notebook's cell."""
        return as_cell(self.results)


ACROSS: dict[str, Callable[[Across], str]] = {
    "json": across_json,
    "csv": across_csv,
    "md": across_markdown,
    "tex": across_latex,
    "html": across_html,
}
"""Suffix of each ``across.*`` file to the function that makes its text."""


def write_across(reports: list[Report], baseline: str | None, folder: Path) -> str:
    """Compares the folders of several reports with each other and writes across.json, .csv, .md, .tex and .html into ``folder``.

    Returns the text for the terminal.
    """
    side_by_side = across([report.results for report in reports], baseline)
    for suffix, text in [(suffix, write(side_by_side)) for suffix, write in ACROSS.items()]:
        with whole(folder / f"across.{suffix}") as file:
            file.write(text)
    return f"{across_text(side_by_side)}\n\nReport  {folder / 'across.html'} (open it in a browser; also .json, .csv, .md, .tex)"


def write_report(
    folder: Path,
    qrels_path: Path,
    *,
    baseline: str | None = None,
    test: str = "fisher",
    correction: str = "holm",
    metrics: Sequence[str] = METRICS,
    passages: Callable[[], Iterator[Passage]] | None = None,
    meaning: Callable[[str], str] | None = None,
) -> Report:
    """Scores and compares every ``*.trec`` of a folder and writes report.json, .csv, .topics.csv, .md, .tex and .html into it.

    The files are the same, byte for byte, for the same input. ``metrics``: ranx's names, MAP added.
    See `results.read_results` for the other arguments and for errors, to which an unknown metric adds one.
    """
    measured = METRICS if tuple(metrics) == METRICS else parse(metrics)
    results = read_results(
        folder, qrels_path, baseline=baseline, test=test, correction=correction, metrics=measured, passages=passages, meaning=meaning
    )
    for suffix, text in [(suffix, write(results)) for suffix, write in FORMATS.items()]:
        with whole(folder / f"report.{suffix}") as file:
            file.write(text)
    return Report(results, folder, qrels_path)
