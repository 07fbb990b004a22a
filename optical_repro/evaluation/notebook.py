"""Results for notebooks: as pandas' tables, and as HTML below a cell."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..base.errors import unknown
from . import measures
from .exports import COMPARED
from .findings import method, summary
from .page_parts import tooltip
from .results import Results
from .tables import rows

if TYPE_CHECKING:
    from pandas import DataFrame

TABLES = ("systems", "comparisons", "topics")


def as_dataframe(results: Results, table: str = "systems") -> DataFrame:
    """One of TABLES: the means of every system, every comparison, or the scores of every topic.

    ``systems``: a row a system, best MAP first, a column a measure. ``comparisons``: the columns of report.csv. ``topics``: a row for
    each measure and topic, a column a system. Raises InputError for another table.
    """
    from pandas import DataFrame, MultiIndex

    if table not in TABLES:
        raise unknown("table", table, TABLES)
    if table == "comparisons":
        return DataFrame([{column: getattr(one, column) for column in COMPARED} for one in results.comparisons], columns=COMPARED)
    if table == "topics":
        index = MultiIndex.from_product([results.metrics, list(results.qrels)], names=["metric", "topic"])
        scores = {
            name: [score for metric in results.metrics for score in system.scores[metric].tolist()]
            for name, system in results.systems.items()
        }
        return DataFrame(scores, index=index)
    means = [[system.mean(metric) for metric in results.metrics] for system in results.systems.values()]
    frame = DataFrame(means, index=list(results.systems), columns=list(results.metrics))
    frame.index.name = "system"
    return frame


def as_cell(results: Results) -> str:
    """The table of systems with its marks, as HTML without style or script."""
    heads = "".join(f"<th{tooltip(measures.meaning(metric))}>{measures.heading(metric)}</th>" for metric in results.metrics)
    body = ""
    for row in rows(results):
        cells = ((f"<b>{cell.text}</b>" if cell.best else cell.text) + ["", " ▲", " ▼"][cell.mark] for cell in row.cells)
        name = f"<th{tooltip(results.systems[row.system].meaning)}>{escape(row.system)}{f' ({row.note})' if row.note else ''}</th>"
        body += f"<tr>{name}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    legend = "Best below the ceiling in bold."
    if results.baseline:
        legend += f" ▲ significantly better than {results.baseline}, ▼ significantly worse ({method(results)})."
    caption = f"<p><b>{escape(results.name)}</b>: {escape(summary(results))}</p>"
    return f"{caption}<table><thead><tr><th>system</th>{heads}</tr></thead><tbody>{body}</tbody></table><p>{escape(legend)}</p>"
