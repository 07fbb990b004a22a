"""The report of a folder of runs: what the terminal prints, and the files that stay beside the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files import whole
from .across import Across, across
from .across_page import across_html
from .across_tables import across_csv, across_json, across_latex, across_markdown, across_text
from .exports import as_csv, as_json, as_topics_csv
from .report_page import as_html
from .results import Results, read_results
from .tables import as_latex, as_markdown, as_text

if TYPE_CHECKING:
    from ..collections.collection import Passage

FORMATS: dict[str, Callable[[Results], str]] = {
    "json": as_json,
    "csv": as_csv,
    "topics.csv": as_topics_csv,
    "md": as_markdown,
    "tex": as_latex,
    "html": as_html,
}
"""Suffix of each ``report.*`` file to what writes it."""


@dataclass(frozen=True)
class Report:
    """Results that stand in files."""

    results: Results
    folder: Path
    qrels_path: Path

    def text(self) -> str:
        """The table, which differences are significant, and where the files lie."""
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


ACROSS: dict[str, Callable[[Across], str]] = {
    "json": across_json,
    "csv": across_csv,
    "md": across_markdown,
    "tex": across_latex,
    "html": across_html,
}
"""Suffix of each ``across.*`` file to what writes it."""


def write_across(reports: list[Report], baseline: str | None, folder: Path) -> str:
    """Compares the folders of several reports with each other and writes across.json, .csv, .md, .tex and .html into ``folder``.

    Returns what the terminal prints.
    """
    made = across([report.results for report in reports], baseline)
    for suffix, text in [(suffix, write(made)) for suffix, write in ACROSS.items()]:
        with whole(folder / f"across.{suffix}") as file:
            file.write(text)
    return f"{across_text(made)}\n\nReport  {folder / 'across.html'} (open it in a browser; also .json, .csv, .md, .tex)"


def write_report(
    folder: Path,
    qrels_path: Path,
    *,
    baseline: str | None = None,
    test: str = "fisher",
    correction: str = "holm",
    passages: Callable[[], Iterator[Passage]] | None = None,
) -> Report:
    """Scores and compares every ``*.trec`` of a folder and writes report.json, .csv, .topics.csv, .md, .tex and .html into it.

    The files are the same, byte for byte, for the same input. See `results.read_results` for the arguments and errors.
    """
    results = read_results(folder, qrels_path, baseline=baseline, test=test, correction=correction, passages=passages)
    for suffix, text in [(suffix, write(results)) for suffix, write in FORMATS.items()]:
        with whole(folder / f"report.{suffix}") as file:
            file.write(text)
    return Report(results, folder, qrels_path)
