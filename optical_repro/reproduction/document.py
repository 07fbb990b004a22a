"""REPRODUCE.md, generated from the tables' file."""

from __future__ import annotations

from collections.abc import Iterator

from ..evaluation.tables import HEADINGS
from .prose import EXPLAINED, answers, mark, origin, score, tolerances
from .recorded import Row, Table

HEAD = """\
# Reproduce the results

Every table that this project reports, with the command that makes it, the expected scores and their tolerances, and the time and
memory that it took. This program makes a table again from scratch and checks each score:

    python -m optical_repro.reproduce --list
    python -m optical_repro.reproduce --table 1

It prints `ok` or `off by` for each score. The exit status is 0 if all are ok, 1 if one is off.

| option | effect |
|---|---|
| `--dry-run` | prints the commands and runs nothing |
| `--row NAME` | runs one row only |
| `--cache-dir DIR` | keeps finished stages; without it, a table starts with an empty cache |
| `--data DIR` | your folder of data, `$OPTICAL_DATA` in the commands; or set that variable |
| `--html FILE` | writes the tables as a page; click a score to see its command |

The time is that of the whole command from an empty cache, unless the table says otherwise. The memory is the most that one process used.

This file is generated from `optical_repro/data/reproduction.json` (`python -m optical_repro.reproduce --write`).
"""


def as_markdown(tables: list[Table]) -> str:
    """The whole document."""
    contents = [f"- [Table {table.number}: {table.title}](#table-{table.number})" for table in tables]
    return "\n".join([HEAD, *_answer(tables), *contents, *(line for table in tables for line in _table(table))]).rstrip() + "\n"


def _answer(tables: list[Table]) -> Iterator[str]:
    """The answer to the project's question, as far as the tables have it."""
    paragraphs = [paragraph for table in tables for paragraph in table.answer]
    if paragraphs:
        yield from ["## The answer so far", ""]
        for paragraph in paragraphs:
            yield from [f"- {paragraph}", ""]
        yield from ["## The tables", ""]


BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"


def in_readme(readme: str, tables: list[Table]) -> str:
    """README.md with the scores of the first table's first row between its marks; unchanged where it has no marks."""
    if BEGIN not in readme:
        return readme
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    table = tables[0]
    return before + BEGIN + "\n".join([*_scores(table, table.rows[0]), ""]) + END + after


def _table(table: Table) -> Iterator[str]:
    yield from ["", f'<a id="table-{table.number}"></a>', "", f"## Table {table.number}: {table.title}", "", table.shows]
    if table.missing:
        yield from ["", f"**Not run:** {table.missing}"]
    if table.rows:
        yield from ["", f"Needs {table.needs}."]
    if table.notes:
        yield from ["", *(f"- {note}" for note in table.notes)]
    if any(row.measured for row in table.rows):
        yield from ["", EXPLAINED]
    for row in table.rows:
        yield from _row(table, row)
    if table.published:
        yield from ["", "### Published scores, by their publishers; not run here", ""]
        yield from _table_head(["collection", "system", "metric", "score"], names=3)
        for figure in table.published:
            yield f"| {figure.collection} | {figure.system} | {figure.metric} | {figure.score:.4f} |"
        commands = dict.fromkeys(figure.command for figure in table.published)
        yield from ["", "Their commands:", "", *(f"    {command}" for command in commands)]
    if table.claims:
        yield from ["", *_table_head(["claim", "verdict", "evidence"], names=3)]
        for claim in table.claims:
            yield f"| {claim.claim} | **{claim.verdict}** | {claim.evidence} |"


def _row(table: Table, row: Row) -> Iterator[str]:
    yield from ["", f"### {row.title} (`--table {table.number} --row {row.name}`)", "", f"    {row.command}", ""]
    yield origin(row)
    if row.cells:
        yield from ["", *_scores(table, row)]
    for heading, sentences in answers(row):
        yield from ["", f"{heading}:", "", *(f"- {sentence}" for sentence in sentences)]


def _scores(table: Table, row: Row) -> Iterator[str]:
    yield from _table_head(["system", *(HEADINGS[metric] for metric in table.metrics), "tolerance"], names=1)
    for system in row.systems:
        cells = []
        for metric in table.metrics:
            cell = row.cell(system, metric)
            cells.append(f"{score(cell)} {mark(row, cell)}".rstrip() if cell else "")
        note = " (baseline)" if system in row.baselines else ""
        yield f"| `{system}`{note} | {' | '.join(cells)} | {tolerances(row, system)} |"


def _table_head(headings: list[str], names: int) -> list[str]:
    """The head of a table whose first ``names`` columns are words and whose others are numbers."""
    return [f"| {' | '.join(headings)} |", "|" + "---|" * names + "---:|" * (len(headings) - names)]
