"""The answer and the tables as one HTML page that needs no network: a click on a score shows its command, which a button copies."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from string import Template

from ..evaluation.findings import p_value
from ..evaluation.page_parts import keep_numbers_together, section
from ..evaluation.report_page import policy
from ..evaluation.tables import HEADINGS
from .prose import EXPLAINED, answers, mark, origin, score
from .recorded import Cell, Row, Table, command, narrow_to


def as_html(tables: list[Table]) -> str:
    """The whole page."""
    here, report = files(__package__), files("optical_repro.evaluation")
    style = (report / "report_page.css").read_text(encoding="utf-8") + (here / "page.css").read_text(encoding="utf-8")
    script = (here / "page.js").read_text(encoding="utf-8")
    answer = _answer(tables)
    links = ['<a href="#answer">The answer so far</a>'] if answer else []
    links += [f'<a href="#table-{table.number}">Table {table.number}</a>' for table in tables]
    return Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        policy=policy(style, script),
        style=style,
        script=script,
        contents=" ".join(links),
        sections="\n".join([answer, *map(_table, tables)]),
        explained=escape(EXPLAINED),
    )


def _answer(tables: list[Table]) -> str:
    """What the tables say to the project's question; each paragraph ends with a link to its table. Empty where no table says anything."""
    items = "".join(
        f'<li>{_prose(paragraph)} <a href="#table-{table.number}">Table {table.number}</a></li>'
        for table in tables
        for paragraph in table.answer
    )
    return section("answer", "The answer so far", f"<ul>{items}</ul>") if items else ""


def _table(table: Table) -> str:
    parts = [f"<p>{escape(table.shows)}</p>"]
    if table.missing:
        parts.append(f"<p><strong>Not run:</strong> {escape(table.missing)}</p>")
    if table.rows:
        command_html = f"<code>python -m optical_repro.reproduce --table {table.number}</code>"
        parts.append(f'<p class="note">Needs {escape(table.needs)}. All of it: {command_html}</p>')
    if table.notes:
        parts.append(f"<ul>{''.join(f'<li>{_prose(note)}</li>' for note in table.notes)}</ul>")
    parts += [_row(table, row) for row in table.rows]
    parts += [_published(table)] if table.published else []
    parts += [_claims(table)] if table.claims else []
    content = "\n".join(parts)
    return section(f"table-{table.number}", f"Table {table.number}: {escape(table.title)}", content)


def _prose(text: str) -> str:
    """A sentence of the tables' file; back ticks mark code, and two stars what is bold, as in Markdown."""
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", re.sub("`(.+?)`", r"<code>\1</code>", escape(text)))


def _row(table: Table, row: Row) -> str:
    content = _command(row.command)
    content += f'<p class="note">{escape(origin(row))}</p>{_grid(table, row) if row.cells else ""}'
    for heading, sentences in answers(row):
        content += (
            f"<h3>{escape(heading)}</h3><ul>{''.join(f'<li>{keep_numbers_together(escape(sentence))}</li>' for sentence in sentences)}</ul>"
        )
    attribute = " open" if row.measured else ""
    return f'<details class="row"{attribute}><summary>{escape(row.title)}</summary>\n{content}\n</details>'


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
    return _wide(f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>", f"Table {table.number}, {row.title}")


def _cell(row: Row, cell: Cell, group: str) -> str:
    """A score that opens to show its command; only one of a group is open at a time."""
    text = f"{cell.system}, {HEADINGS[cell.metric]}: {cell.expected:.4f} ± {cell.tolerance:.4f}"
    if cell.p_adjusted is not None:
        text += f"; against {row.baseline_of(cell.system)}: adjusted {p_value(cell.p_adjusted)}"
    sign = mark(row, cell)
    mark_html = f'<span class="mark {"better" if sign == "▲" else "worse"}">{sign}</span>' if sign else '<span class="mark"></span>'
    command_line = command(narrow_to(row.arguments, cell.system)) if row.module == "run" else row.command
    return _opening(score(cell), mark_html, text, command_line, group)


def _opening(label: str, mark_html: str, text: str, command_line: str, group: str) -> str:
    panel = f'<div class="panel"><p>{escape(text)}</p>{_command(command_line)}</div>'
    return f'<details class="cell" name="{group}"><summary><span>{label}</span>{mark_html}</summary>{panel}</details>'


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
    """A table of words, whose cells may have several lines."""
    heads = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    return _wide(f'<table class="words"><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>', headings[0])


def _wide(table: str, label: str) -> str:
    """A table that scrolls sideways if it is too wide, in the frame of its open cells."""
    return f'<div class="grid"><div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">{table}</div></div>'


def _command(text: str) -> str:
    """A command with one option on each line, ready for a shell."""
    lines = text.replace(" --", " \\\n  --")
    return f'<code class="command">{escape(lines)}</code>'
