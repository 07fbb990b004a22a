"""Text that the document and the page share: the cost of a row, the marks of its scores, and its comparisons in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .. import __version__
from ..base.terminal import duration
from ..evaluation.findings import counted, p_value, signed, value
from ..evaluation.questions import question_pairs
from ..evaluation.significance import ALPHA, CORRECTIONS, TESTS
from ..evaluation.tables import HEADINGS
from ..grids.factors import ALL
from .recorded import Cell, Difference, Measured, Row

EXPLAINED = f"""\
▲ significantly better, ▼ significantly worse than the row's baseline, which is the strongest system that translates first \
(adjusted p < {value(ALPHA).rstrip("0")})."""

NOT_RECORDED = "Not run here: no scores are recorded."

OLDER = f"Recorded with an older version than this ({__version__}), whose results may differ; see CHANGELOG.md."

PUBLISHED = "Not run here: these are the scores that Pyserini publishes."


def measurement(measured: Measured) -> str:
    """``7 min, 2,310 MB; Intel Xeon, 2 cores, 24 GB; 2025-11-02; version 0.3.0; 253 topics``."""
    cost = [duration(measured.seconds)] if measured.seconds else []
    cost += [f"{measured.memory_mb:,} MB at most"] if measured.memory_mb else []
    details = [measured.machine, measured.date, f"version {measured.version}", counted(measured.topics, "topic")]
    return "; ".join([*([", ".join(cost)] if cost else []), *details])


def mark(row: Row, cell: Cell) -> str:
    """▲ or ▼ where the cell differs significantly from the row's baseline, else nothing."""
    baseline = row.baseline_of(cell.system)
    other = row.cell(baseline, cell.metric) if baseline else None
    if other is None or cell.p_adjusted is None or cell.p_adjusted >= ALPHA:
        return ""
    return "▲" if cell.expected > other.expected else "▼"


def score(cell: Cell) -> str:
    """``.401``, or with the standard deviation over seeds ``.401 ± .004``."""
    return value(cell.expected) + ("" if cell.deviation is None else f" ± {value(cell.deviation)}")


def tolerances(row: Row, system: str) -> str:
    """The tolerances of a system's cells: ``± .005``, or where they differ ``± .005 (MAP), .020``; the last is for all other metrics."""
    metrics: dict[str, list[str]] = {}
    for cell in row.cells:
        if cell.system == system:
            tolerance = f"{cell.tolerance:.4f}".lstrip("0") if cell.tolerance < 0.001 else value(cell.tolerance)
            metrics.setdefault(tolerance, []).append(HEADINGS.get(cell.metric, cell.metric))
    *rarer, (others, _) = sorted(metrics.items(), key=lambda item: len(item[1]))
    return "± " + ", ".join([*(f"{tolerance} ({', '.join(names)})" for tolerance, names in rarer), others])


def origin(row: Row) -> str:
    """Where a row's scores come from: measured here, and at what cost; published by others; or not there yet."""
    if row.measured:
        older = row.measured.version != __version__
        return f"{measurement(row.measured)}.{f' {OLDER}' if older else ''}"
    needed = f"Needs {' and '.join(row.needs)}. " if row.needs else ""
    return needed + (PUBLISHED if row.cells else NOT_RECORDED)


def answers(row: Row) -> Iterator[tuple[str, list[str]]]:
    """The row's comparisons in words: headings, each with its sentences."""
    for scope in dict.fromkeys(difference.scope for difference in row.differences if difference.scope):
        levels = [difference for difference in row.differences if difference.scope == scope]
        yield _heading(row, f"What matters, {'all topics together' if scope == ALL else scope}", levels), list(_sentences(row, levels))
    for question, pairs in question_pairs(row.systems).items():
        differences = [difference for difference in row.differences if (difference.a, difference.b) in pairs]
        if differences:
            yield _heading(row, question, differences), list(_sentences(row, differences))


def _heading(row: Row, question: str, differences: Sequence[Difference]) -> str:
    """The question and its test."""
    family = "row" if row.module == "run" else "grid"
    test = f"{TESTS[differences[0].test]}, {CORRECTIONS[differences[0].correction]} over all pairs of the {family}"
    return f"{question} (by MAP; {test})"


def _sentences(row: Row, differences: Iterable[Difference]) -> Iterator[str]:
    for difference in differences:
        scores = [row.cell(system, difference.metric) for system in (difference.a, difference.b)]
        a, b = (f" ({value(cell.expected)})" if cell else "" for cell in scores)
        verdict = "is better than" if difference.delta > 0 else "is worse than"
        if difference.p_adjusted >= ALPHA:
            verdict = "does not differ significantly from"
        relative = "" if difference.relative is None else f" ({100 * difference.relative:+.1f} %)"
        p_text = f"{p_value(difference.p)}, corrected {p_value(difference.p_adjusted)}"
        yield f"{difference.a}{a} {verdict} {difference.b}{b}: {signed(difference.delta)}{relative}; {p_text}."
