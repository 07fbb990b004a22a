"""The tables as one HTML page that needs nothing else: every score opens to its command."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from string import Template

from ..evaluation.findings import p_value
from ..evaluation.report_page import policy, unbroken
from ..evaluation.tables import HEADINGS
from .prose import EXPLAINED, answers, mark, score, standing
from .recorded import Cell, Row, Table, command, narrowed


def as_html(tables: list[Table]) -> str:
    """The whole page."""
    here, report = files(__package__), files("optical_repro.evaluation")
    style = (report / "report_page.css").read_text(encoding="utf-8") + (here / "page.css").read_text(encoding="utf-8")
    return Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        policy=policy(style),
        style=style,
        contents=" ".join(f'<a href="#table-{table.number}">Table {table.number}</a>' for table in tables),
        tables="\n".join(map(_table, tables)),
        explained=escape(EXPLAINED),
    )


def _table(table: Table) -> str:
    parts = [f"<p>{escape(table.shows)}</p>"]
    if table.missing:
        parts.append(f"<p><strong>Not run:</strong> {escape(table.missing)}</p>")
    if table.rows:
        whole = f"<code>python -m optical_repro.reproduce --table {table.number}</code>"
        parts.append(f'<p class="note">Needs {escape(table.needs)}. All of it: {whole}</p>')
    if table.notes:
        parts.append(f"<ul>{''.join(f'<li>{_prose(note)}</li>' for note in table.notes)}</ul>")
    parts += [_row(table, row) for row in table.rows]
    parts += [_published(table)] if table.published else []
    parts += [_claims(table)] if table.claims else []
    inside = "\n".join(parts)
    return f'<section id="table-{table.number}"><h2>Table {table.number}: {escape(table.title)}</h2>\n{inside}\n</section>'


def _prose(text: str) -> str:
    """A sentence of the tables' file, in which Markdown's back ticks mark code."""
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))


def _row(table: Table, row: Row) -> str:
    inside = _command(row.command)
    inside += f'<p class="note">{escape(standing(row))}</p>{_grid(table, row) if row.cells else ""}'
    for heading, sentences in answers(row):
        inside += f"<h3>{escape(heading)}</h3><ul>{''.join(f'<li>{unbroken(escape(sentence))}</li>' for sentence in sentences)}</ul>"
    opened = " open" if row.measured else ""
    return f'<details class="row"{opened}><summary>{escape(row.title)}</summary>\n{inside}\n</details>'


def _grid(table: Table, row: Row) -> str:
    """Systems by metrics."""
    heads = "".join(f'<th scope="col">{escape(text)}</th>' for text in ["System", *(HEADINGS[metric] for metric in table.metrics)])
    body = ""
    for system in row.systems:
        cells = ""
        for metric in table.metrics:
            cell = row.cell(system, metric)
            cells += f"<td>{_cell(row, cell, f'table-{table.number}')}</td>" if cell else "<td></td>"
        tag = ' <span class="tag baseline">baseline</span>' if system in row.baselines else ""
        body += f'<tr><th scope="row">{escape(system)}{tag}</th>{cells}</tr>\n'
    return _wide(f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>", row.title)


def _cell(row: Row, cell: Cell, group: str) -> str:
    """A score that opens to its command; one of a group is open at a time."""
    told = f"{cell.system}, {HEADINGS[cell.metric]}: {cell.expected:.4f} ± {cell.tolerance:.4f}"
    if cell.p_adjusted is not None:
        told += f"; against {row.baseline_of(cell.system)}: adjusted {p_value(cell.p_adjusted)}"
    sign = mark(row, cell)
    marked = f'<span class="mark {"better" if sign == "▲" else "worse"}">{sign}</span>' if sign else '<span class="mark"></span>'
    typed = command(narrowed(row.arguments, cell.system)) if row.module == "run" else row.command
    return _opening(score(cell), marked, told, typed, group)


def _opening(shown: str, marked: str, told: str, typed: str, group: str) -> str:
    panel = f'<div class="panel"><p>{escape(told)}</p>{_command(typed)}</div>'
    return f'<details class="cell" name="{group}"><summary><span>{shown}</span>{marked}</summary>{panel}</details>'


def _published(table: Table) -> str:
    body = ""
    for figure in table.published:
        opening = _opening(f"{figure.score:.4f}", "", "The publishers' command:", figure.command, f"published-{table.number}")
        names = "".join(f"<td>{escape(text)}</td>" for text in (figure.system, figure.metric))
        body += f'<tr><th scope="row">{escape(figure.collection)}</th>{names}<td>{opening}</td></tr>\n'
    heading = "<h3>Published scores, by their publishers; not run here</h3>"
    return heading + _words(["Collection", "System", "Metric", "Score"], body)


def _claims(table: Table) -> str:
    body = ""
    for claim in table.claims:
        verdict = f"<td><strong>{claim.verdict}</strong></td><td>{escape(claim.evidence)}</td>"
        body += f'<tr><th scope="row">{escape(claim.claim)}</th>{verdict}</tr>\n'
    return _words(["Claim", "Verdict", "Evidence"], body)


def _words(headings: list[str], body: str) -> str:
    """A table of words, whose cells break their lines."""
    heads = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    return _wide(f'<table class="words"><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>', headings[0])


def _wide(table: str, label: str) -> str:
    """A table that scrolls if it must, in the frame that opened cells lie in."""
    return f'<div class="grid"><div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">{table}</div></div>'


def _command(text: str) -> str:
    """A command with an option a line, as a shell takes it."""
    broken = text.replace(" --", " \\\n  --")
    return f'<code class="command">{escape(broken)}</code>'
