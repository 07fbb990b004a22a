"""Several folders of runs as text, Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

from .across import Across
from .exports import COMPARED, csv_text, json_text, json_value
from .questions import is_ceiling
from .significance import Comparison
from .tables import (
    ARROWS,
    COMPARISON_HEADINGS,
    Cell,
    as_latex,
    as_markdown,
    as_text,
    comparison_cells,
    in_latex,
    latex_table,
    markdown_code,
    markdown_head,
    markdown_row,
    rows,
)

LEGEND = "MAP; best below the ceiling in bold"


def table(across: Across) -> list[tuple[str, list[Cell | None]]]:
    """MAP of every system in every column, each marked against that column's own baseline; None where the column lacks the system."""
    columns = [{row.system: row.cells[0] for row in rows(results)} for results in across.columns]
    return [(name, [column.get(name) for column in columns]) for name in across.names]


def baseline(across: Across) -> str | None:
    """What the marks of `table` compare with, in words; None where no column has two systems to compare."""
    names = list(dict.fromkeys(results.baseline for results in across.columns if results.baseline))
    return "the column's own baseline" if len(names) > 1 else names[0] if names else None


def legend(across: Across, better: str, worse: str) -> str:
    """What the marks mean: a sentence with a space before it; empty where nothing is compared."""
    reference = baseline(across)
    return f" {better} significantly better than {reference}, {worse} significantly worse." if reference else ""


def differences(across: Across) -> list[tuple[str, Comparison]]:
    """(column, comparison) for every telling pair, one pair after the other."""
    return [(name, comparison) for _, columns in across.differences() for name, comparison in columns]


def across_text(across: Across) -> str:
    """For a terminal: MAP by folder, the telling pairs by folder, then the table and the findings over all topics together."""
    columns = [results.name for results in across.columns]
    width = max(map(len, across.names))
    out = ["MAP by folder", "", "  ".join([" " * width, *(f"{name:>7} " for name in columns)]).rstrip()]
    for system, cells in table(across):
        texts = [(cell.text + " +-"[cell.mark] if cell else " ") for cell in cells]
        out.append(
            "  ".join([f"{system:<{width}}", *(f"{text:>{max(8, len(name) + 1)}}" for text, name in zip(texts, columns, strict=True))])
        )
    out += ["", legend(across, "+", "-").strip(" .")] if baseline(across) else []
    if differences(across):
        lines = [["over", "a", "b", "a - b", "95 % interval", "d", "w/t/l", "p adjusted"]]
        for name, comparison in differences(across):
            a, b, delta, interval, _, size, counts, _, p, _ = comparison_cells(comparison)
            lines.append([name, a, b, delta, interval, size, counts, p])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        out += ["", "Differences in MAP by folder", ""]
        out += ["  ".join(f"{cell:<{size}}" for cell, size in zip(line, widths, strict=True)) for line in lines]
    out = [line.rstrip() for line in out]
    return "\n".join([*out, "", as_text(across.together)] if across.together.systems else out)


def across_markdown(across: Across) -> str:
    """MAP by folder, the telling pairs by folder, then the whole Markdown report over all topics together."""
    out = ["# MAP by folder", "", *markdown_head(["system", *(results.name for results in across.columns)], names=1)]
    for system, cells in table(across):
        texts = ["" if cell is None else (f"**{cell.text}**" if cell.best else cell.text) + ["", " ▲", " ▼"][cell.mark] for cell in cells]
        out.append(markdown_row([markdown_code(system) + (" (ceiling)" if is_ceiling(system) else ""), *texts]))
    out += ["", f"{LEGEND}.{legend(across, '▲', '▼')}", ""]
    if differences(across):
        out += ["# Differences in MAP by folder", "", *markdown_head(["over", *COMPARISON_HEADINGS], names=3)]
        for name, comparison in differences(across):
            a, b, *others = comparison_cells(comparison)
            out.append(markdown_row([name, markdown_code(a), markdown_code(b), *others]))
        out.append("")
    return "\n".join([*out, as_markdown(across.together)] if across.together.systems else out)


def across_latex(across: Across) -> str:
    """Booktabs tables: MAP by folder, the telling pairs by folder, then the tables over all topics together."""
    head = ["System", *(in_latex(results.name) for results in across.columns)]
    body = []
    for system, cells in table(across):
        texts = ["" if cell is None else (rf"\textbf{{{cell.text}}}" if cell.best else cell.text) + ARROWS[cell.mark] for cell in cells]
        body.append([in_latex(system) + (" (ceiling)" if is_ceiling(system) else ""), *texts])
    reference = baseline(across)
    caption = f"{LEGEND}." + (f" Arrows: significantly better or worse than {in_latex(reference)}." if reference else "")
    tables = [r"% Needs \usepackage{booktabs}.", latex_table("map-by-folder", caption, 1, head, body)]
    if differences(across):
        body = []
        for name, comparison in differences(across):
            a, b, delta, *others = map(in_latex, comparison_cells(comparison))
            body.append([in_latex(name), a, b, delta + ARROWS[comparison.direction], *others])
        head = ["over", *map(in_latex, COMPARISON_HEADINGS)]
        tables.append(latex_table("differences-by-folder", "Differences in MAP by folder. Arrows: significant.", 3, head, body))
    return "\n".join([*tables, as_latex(across.together)] if across.together.systems else tables)


def across_csv(across: Across) -> str:
    """Every comparison in every column, by every metric."""
    lines = [
        [results.name, *(getattr(comparison, column) for column in COMPARED)]
        for results in across.columns
        for comparison in results.comparisons
    ]
    return csv_text([["over", *COMPARED], *lines])


def across_json(across: Across) -> str:
    """The content of report.json for every folder and every pool."""
    return json_text(
        {
            "folders": [json_value(results) for results in across.folders],
            "groups": [json_value(results) for results in across.groups if results.systems],
            "together": json_value(across.together) if across.together.systems else None,
        }
    )
