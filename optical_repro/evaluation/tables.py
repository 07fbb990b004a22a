"""Results as tables: for the terminal, Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass

from .metrics import METRICS
from .results import HUMAN, Results
from .significance import Comparison
from .words import described, findings, method, signed, value

HEADINGS = {
    "map": "MAP",
    "precision@5": "P@5",
    "precision@10": "P@10",
    "precision@20": "P@20",
    "ndcg@10": "nDCG@10",
    "recall@100": "R@100",
    "mrr@10": "MRR@10",
}
"""The metrics as the field prints them."""

COMPARISON_HEADINGS = ["a", "b", "a - b", "95 % interval", "relative", "effect size", "wins/ties/losses", "p", "p adjusted"]


@dataclass(frozen=True)
class Cell:
    """One mean in the table of systems."""

    number: float
    text: str
    best: bool
    """Of all but the ceiling, as printed."""
    mark: int
    """1 where significantly better than the baseline, -1 where worse, else 0."""


@dataclass(frozen=True)
class Row:
    """One system in the table of systems."""

    system: str
    note: str
    cells: list[Cell]


def rows(results: Results) -> list[Row]:
    """The table of systems, best MAP first, one cell a metric."""
    competitors = [system for system in results.systems.values() if system.name != HUMAN]
    best = {metric: value(max((system.mean(metric) for system in competitors), default=0)) for metric in METRICS}
    table = []
    for name, system in results.systems.items():
        cells = []
        for metric in METRICS:
            made = results.against_baseline(metric, name)
            mark = (1 if made.delta > 0 else -1) if made and made.significant else 0
            text = value(system.mean(metric))
            cells.append(Cell(system.mean(metric), text, name != HUMAN and text == best[metric], mark))
        table.append(Row(name, {HUMAN: "ceiling", results.baseline: "baseline"}.get(name, ""), cells))
    return table


def comparison_cells(made: Comparison) -> list[str]:
    """One comparison under COMPARISON_HEADINGS."""
    return [
        made.a,
        made.b,
        signed(made.delta),
        f"{signed(made.low)} to {signed(made.high)}",
        "" if made.relative is None else f"{100 * made.relative:+.1f} %",
        "" if made.effect is None else f"{made.effect:+.2f}",
        f"{made.wins}/{made.ties}/{made.losses}",
        f"{made.p:.5f}",
        f"{made.p_adjusted:.5f}",
    ]


def as_text(results: Results) -> str:
    """The table and the findings, for a terminal; plain ASCII but for the names."""
    width = max(map(len, results.systems))
    out = [f"{results.name}: {described(results)}", ""]
    out.append("  ".join([" " * width, *(f"{heading:>7} " for heading in HEADINGS.values())]).rstrip())
    for row in rows(results):
        cells = (f"{cell.text:>7}{' +-'[cell.mark]}" for cell in row.cells)
        note = "ceiling: people's translations of the topics" if row.system == HUMAN else row.note
        out.append("  ".join([f"{row.system:<{width}}", *cells, note]).rstrip())
    if results.baseline:
        out += ["", f"+ significantly better than {results.baseline}, - significantly worse ({method(results)})"]
    for heading, told in findings(results):
        out += ["", heading, *(f"  {line}" for line in told)]
    return "\n".join(out)


def as_markdown(results: Results) -> str:
    """The table, the findings and all comparisons by MAP."""
    out = [f"# {results.name}", "", f"{described(results)}.", "", *_markdown_head(["system", *HEADINGS.values()], names=1)]
    for row in rows(results):
        cells = [(f"**{cell.text}**" if cell.best else cell.text) + ["", " ▲", " ▼"][cell.mark] for cell in row.cells]
        out.append(_markdown_row([_code(row.system) + (f" ({row.note})" if row.note else ""), *cells]))
    out += ["", "Best below the ceiling in bold."]
    if results.baseline:
        out[-1] += f" ▲ significantly better than {_code(results.baseline)}, ▼ significantly worse ({method(results)})."
    for heading, told in findings(results):
        out += ["", f"**{heading}**", "", *(f"- {line}" for line in told)]
    compared = [comparison_cells(made) for made in results.comparisons if made.metric == "map"]
    if compared:
        out += ["", "## All comparisons by MAP", "", *_markdown_head(COMPARISON_HEADINGS, names=2)]
        out += [_markdown_row([_code(a), _code(b), *cells]) for a, b, *cells in compared]
        out += ["", "Effect size: Cohen's d of the paired differences. Intervals: percentile bootstrap over topics."]
    return "\n".join(out) + "\n"


def _markdown_head(headings: list[str], names: int) -> list[str]:
    """The head of a table whose first columns are names and whose others are numbers."""
    return [_markdown_row(headings), "|" + "---|" * names + "---:|" * (len(headings) - names)]


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(name: str) -> str:
    return "`" + name.replace("|", "\\|") + "`"


def as_latex(results: Results) -> str:
    """A booktabs table, best in bold, with arrows for significance; needs the package booktabs and nothing else."""
    caption = f"{_latex(results.name)}: {_latex(described(results))}. Best below the ceiling in bold."
    if results.baseline:
        caption += f" Arrows: significantly better or worse than {_latex(results.baseline)} ({_latex(method(results))})."
    out = [r"% Needs \usepackage{booktabs}.", r"\begin{table}", r"  \centering", rf"  \caption{{{caption}}}"]
    out.append(rf"  \label{{tab:{re.sub('[^A-Za-z0-9.-]', '-', results.name)}}}")
    out += [rf"  \begin{{tabular}}{{l{'r' * len(METRICS)}}}", r"    \toprule"]
    out += ["    " + " & ".join(["System", *HEADINGS.values()]) + r" \\", r"    \midrule"]
    for row in rows(results):
        cells = [(rf"\textbf{{{cell.text}}}" if cell.best else cell.text) + _ARROWS[cell.mark] for cell in row.cells]
        out.append("    " + " & ".join([_latex(row.system) + (f" ({row.note})" if row.note else ""), *cells]) + r" \\")
    return "\n".join([*out, r"    \bottomrule", r"  \end{tabular}", r"\end{table}", ""])


_ARROWS = ["", r"$^{\uparrow}$", r"$^{\downarrow}$"]
_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"}


def _latex(text: str) -> str:
    """Text with LaTeX's own characters escaped."""
    return re.sub(r"[\\~^<>&%$#_{}]", lambda found: _ESCAPES.get(found[0], "\\" + found[0]), text)


def as_csv(results: Results) -> str:
    """Every comparison by every metric with all that is known of it, for a spreadsheet, R or pandas."""
    columns = ["metric", "a", "b", "mean_a", "mean_b", "delta", "low", "high", "relative", "effect", "wins", "ties", "losses"]
    columns += ["p", "p_adjusted", "test", "correction"]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    table.writerows([getattr(made, column) for column in columns] for made in results.comparisons)
    return out.getvalue()


def as_json(results: Results) -> str:
    """Every mean and every comparison, for programs."""
    columns = ["metric", "a", "b", "delta", "relative", "p", "p_adjusted", "test", "correction"]
    whole = {
        "name": results.name,
        "lang": results.lang,
        "doc_lang": results.doc_lang,
        "split": results.split,
        "topics": len(results.qrels),
        "metrics": list(METRICS),
        "systems": {name: {metric: system.mean(metric) for metric in METRICS} for name, system in results.systems.items()},
        "comparisons": [{column: getattr(made, column) for column in columns} for made in results.comparisons],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
