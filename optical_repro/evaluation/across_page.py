"""Several folders of runs as one HTML page: side by side, then the report of all their topics together."""

from __future__ import annotations

from html import escape

from . import figures
from .across import Across
from .across_tables import LEGEND, baseline, legend, table
from .page_parts import figure, heading, section, sortable
from .questions import is_ceiling
from .report_page import in_names, page
from .tables import Cell


def across_html(across: Across) -> str:
    """The whole page."""
    about = ", ".join(results.name for results in across.folders)
    if across.together.systems:
        about += f": {in_names(across.together)} in common"
    return page(across.together, across.together.name, about, [_by_folder(across), _differences(across)])


def _by_folder(across: Across) -> str:
    """MAP, systems by folders and pools."""
    names = [escape(results.name).replace(".", ".<wbr>") for results in across.columns]
    orders = [*["none"] * (len(names) - 1), "descending" if across.together.systems else "none"]
    heads = heading("System") + "".join(map(heading, names, orders))
    body = ""
    for system, cells in table(across):
        kind = "ceiling" if is_ceiling(system) else "baseline" if system == baseline(across) else ""
        note = f' <span class="tag {kind}">{kind}</span>' if kind else ""
        body += f'<tr><th scope="row">{escape(system)}{note}</th>{"".join(map(_cell, cells))}</tr>\n'
    explanation = escape(f"{LEGEND}.{legend(across, '▲', '▼')}")
    return section("folders", "MAP by folder", f'{sortable(heads, body, "Table of MAP by folder")}<p class="note">{explanation}</p>')


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return '<td data-value="-1"></td>'
    kind, sign = [("", ""), ("better", "▲"), ("worse", "▼")][cell.mark]
    mark = f'<span class="mark {kind}">{sign}</span>'
    return f'<td data-value="{cell.number!r}">{f"<strong>{cell.text}</strong>" if cell.best else cell.text}{mark}</td>'


def _differences(across: Across) -> str:
    """For each telling pair a picture of its difference in every folder."""
    pictures = [figure(f"{pair.a} against {pair.b}", figures.forest(columns)) for pair, columns in across.differences()]
    note = '<p class="note">Differences in MAP with 95 % bootstrap intervals; coloured where significant.</p>'
    content = f'{note}<div class="figures">{"".join(pictures)}</div>'
    return section("differences", "Differences by folder", content) if pictures else ""
