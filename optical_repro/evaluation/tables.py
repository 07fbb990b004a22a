"""Results as tables for people: for the terminal, Markdown and LaTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import measures
from .by_topic import Change, changes, hit_names
from .findings import EXPLAINED, effect, findings, method, notes, signed, summary, translators, value
from .metrics import METRICS
from .questions import is_ceiling, is_student, telling_pairs
from .results import Results
from .significance import Comparison

HEADINGS = {metric: measures.heading(metric) for metric in METRICS}
"""The usual measures as the field prints them."""

COMPARISON_HEADINGS = ["a", "b", "a - b", "95 % interval", "relative", "effect size", "wins/ties/losses", "p", "p adjusted", "p Tukey HSD"]


def headings(results: Results) -> list[str]:
    """The headings of the report's measures."""
    return [measures.heading(metric) for metric in results.metrics]


@dataclass(frozen=True)
class Cell:
    """One mean in the table of systems."""

    number: float
    text: str
    best: bool
    """Whether it is the best, as printed, of all but the ceiling."""
    mark: int
    """1 where it is significantly better than the baseline, -1 where it is worse, else 0."""


@dataclass(frozen=True)
class Row:
    """One system in the table of systems."""

    system: str
    note: str
    cells: list[Cell]


def rows(results: Results) -> list[Row]:
    """The table of systems, best MAP first, one cell for each metric."""
    competitors = [system for system in results.systems.values() if not is_ceiling(system.name)]
    best = {metric: value(max((system.mean(metric) for system in competitors), default=0)) for metric in results.metrics}
    table = []
    for name, system in results.systems.items():
        cells = []
        for metric in results.metrics:
            comparison = results.against_baseline(metric, name)
            text = value(system.mean(metric))
            cells.append(
                Cell(system.mean(metric), text, not is_ceiling(name) and text == best[metric], comparison.direction if comparison else 0)
            )
        table.append(Row(name, "ceiling" if is_ceiling(name) else "baseline" if name == results.baseline else "", cells))
    return table


def comparison_cells(comparison: Comparison) -> list[str]:
    """The cells of one comparison, under COMPARISON_HEADINGS."""
    return [
        comparison.a,
        comparison.b,
        signed(comparison.delta),
        f"{signed(comparison.low)} to {signed(comparison.high)}",
        "" if comparison.relative is None else f"{100 * comparison.relative:+.1f} %",
        effect(comparison),
        f"{comparison.wins}/{comparison.ties}/{comparison.losses}",
        f"{comparison.p:.5f}",
        f"{comparison.p_adjusted:.5f}",
        f"{comparison.tukey:.4f}",
    ]


def as_text(results: Results) -> str:
    """The table and the findings, for a terminal; plain ASCII except for the names."""
    width = max(map(len, results.systems))
    out = [f"{results.name}: {summary(results)}", ""]
    heads = headings(results)
    out.append("  ".join([" " * width, *(f"{head:>7} " for head in heads)]).rstrip())
    for row in rows(results):
        cells = (f"{cell.text:>{max(7, len(head))}}{' +-'[cell.mark]}" for head, cell in zip(heads, row.cells, strict=True))
        note = "ceiling: people's translations" if is_ceiling(row.system) else row.note
        out.append("  ".join([f"{row.system:<{width}}", *cells, note]).rstrip())
    if results.baseline:
        out += ["", f"+ significantly better than {results.baseline}, - significantly worse ({method(results)})"]
    if sentence := translators(results):
        out += ["", sentence]
    for heading, lines in [*notes(results), *findings(results)]:
        out += ["", heading, *(f"  {line}" for line in lines)]
    return "\n".join(out)


def topics_text(results: Results) -> str:
    """For a terminal: the topics that gained and lost most where the best student, else the best system, replaces the baseline."""
    pairs = telling_pairs(results)
    if not pairs:
        return ""
    a, b = next(((pair.a, pair.b) for pair in pairs if is_student(pair.a)), (pairs[0].a, pairs[0].b))
    width = max(len(a), len(b))
    out = []
    for heading, topic_changes in zip(("gained", "lost"), changes(results, a, b), strict=True):
        if topic_changes:
            out += ["", f"Topics that {heading} most, {a} against {b}, by average precision:"]
        for change in topic_changes:
            out.append(f"  {value(change.ap_b)} to {value(change.ap_a)}  {_topic(change)}")
            for system, hits in ((a, change.hits_a), (b, change.hits_b)):
                out.append(f"      {system:<{width}}  {' · '.join(hit_names(results, change.topic, hits))}")
    return "\n".join(out[1:])


def _topic(change: Change) -> str:
    """``yo-law-3  Ta ló ń ṣe òfin? (Who makes the law?)``."""
    return f"{change.topic}  {change.text}{f' ({change.translation})' if change.translation else ''}".rstrip()


def as_markdown(results: Results) -> str:
    """The table, the findings, all comparisons by MAP, and the topics that make the difference."""
    out = [f"# {results.name}", "", f"{summary(results)}.", "", *markdown_head(["system", *headings(results)], names=1)]
    for row in rows(results):
        cells = [(f"**{cell.text}**" if cell.best else cell.text) + ["", " ▲", " ▼"][cell.mark] for cell in row.cells]
        out.append(markdown_row([markdown_code(row.system) + (f" ({row.note})" if row.note else ""), *cells]))
    out += ["", "Best below the ceiling in bold."]
    if results.baseline:
        out[-1] += f" ▲ significantly better than {markdown_code(results.baseline)}, ▼ significantly worse ({method(results)})."
    if sentence := translators(results):
        out[-1] += f" {sentence}"
    for heading, lines in [*((heading, list(map(_escape_markdown, lines))) for heading, lines in notes(results)), *findings(results)]:
        out += ["", f"**{heading}**", "", *(f"- {line}" for line in lines)]
    comparison_rows = [comparison_cells(comparison) for comparison in results.comparisons if comparison.metric == "map"]
    if comparison_rows:
        out += ["", "## All comparisons by MAP", "", *markdown_head(COMPARISON_HEADINGS, names=2)]
        out += [markdown_row([markdown_code(a), markdown_code(b), *cells]) for a, b, *cells in comparison_rows]
        out += ["", EXPLAINED]
    return "\n".join(out + _markdown_topics(results)) + "\n"


def _markdown_topics(results: Results) -> list[str]:
    """A table of the topics that gained and lost most, for each telling pair."""
    out = []
    for comparison in telling_pairs(results):
        gains, losses = changes(results, comparison.a, comparison.b)
        if gains or losses:
            names = f"**a = {markdown_code(comparison.a)}, b = {markdown_code(comparison.b)}**"
            out += ["", names, "", *markdown_head(["topic", "a", "b", "hits of a", "hits of b"], names=1)]
        for change in (*gains, *losses[::-1]):
            hits = (" · ".join(hit_names(results, change.topic, documents)) for documents in (change.hits_a, change.hits_b))
            out.append(
                markdown_row([_escape_markdown(_topic(change)), value(change.ap_a), value(change.ap_b), *map(_escape_markdown, hits)])
            )
    return ["", "## Topics that gained and lost most", *out] if out else []


def _escape_markdown(text: str) -> str:
    """Text escaped for a cell of a Markdown table."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(text.split()))


def markdown_head(headings: list[str], names: int) -> list[str]:
    """The head of a table whose first ``names`` columns are words and whose others are numbers."""
    return [markdown_row(headings), "|" + "---|" * names + "---:|" * (len(headings) - names)]


def markdown_row(cells: list[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def markdown_code(name: str) -> str:
    """A name as code, in a cell of a table."""
    return "`" + name.replace("|", "\\|") + "`"


def as_latex(results: Results) -> str:
    """Two booktabs tables, the systems and the telling pairs; needs the package booktabs and nothing else."""
    caption = f"{in_latex(results.name)}: {in_latex(summary(results))}. Best below the ceiling in bold."
    if results.baseline:
        caption += f" Arrows: significantly better or worse than {in_latex(results.baseline)} ({in_latex(method(results))})."
    if sentence := translators(results):
        caption += f" {in_latex(sentence)}"
    for _, lines in notes(results):
        caption += in_latex(f" Note: {'; '.join(lines)}.")
    head = ["System", *map(in_latex, headings(results))]
    body = []
    for row in rows(results):
        cells = [(rf"\textbf{{{cell.text}}}" if cell.best else cell.text) + ARROWS[cell.mark] for cell in row.cells]
        body.append([in_latex(row.system) + (f" ({row.note})" if row.note else ""), *cells])
    tables = [r"% Needs \usepackage{booktabs}.", latex_table(results.name, caption, 1, head, body)]
    if pairs := telling_pairs(results):
        caption = f"{in_latex(results.name)}: differences in MAP. Arrows: significant ({in_latex(method(results))}). {in_latex(EXPLAINED)}"
        body = []
        for comparison in pairs:
            a, b, delta, *others = map(in_latex, comparison_cells(comparison))
            body.append([a, b, delta + ARROWS[comparison.direction], *others])
        tables.append(latex_table(f"{results.name}:differences", caption, 2, list(map(in_latex, COMPARISON_HEADINGS)), body))
    return "\n".join(tables)


def latex_table(name: str, caption: str, names: int, head: list[str], body: list[list[str]]) -> str:
    """A booktabs table whose first ``names`` columns are words and whose others are numbers; the cells are in LaTeX."""
    lines = [" & ".join(cells) + r" \\" for cells in [head, *body]]
    small = [r"  \footnotesize\setlength{\tabcolsep}{4pt}"] if len(head) > 8 else []
    out = [
        r"\begin{table}",
        r"  \centering",
        *small,
        rf"  \caption{{{caption}}}",
        rf"  \label{{tab:{re.sub('[^A-Za-z0-9.:-]', '-', name)}}}",
    ]
    out += [rf"  \begin{{tabular}}{{{'l' * names}{'r' * (len(head) - names)}}}", r"    \toprule", f"    {lines[0]}", r"    \midrule"]
    return "\n".join([*out, *(f"    {line}" for line in lines[1:]), r"    \bottomrule", r"  \end{tabular}", r"\end{table}", ""])


ARROWS = ["", r"$^{\uparrow}$", r"$^{\downarrow}$"]
"""Indexed by `Comparison.direction`."""
_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"}


def in_latex(text: str) -> str:
    """Text with LaTeX's own characters escaped."""
    return re.sub(r"[\\~^<>&%$#_{}]", lambda match: _ESCAPES.get(match[0], "\\" + match[0]), text)
