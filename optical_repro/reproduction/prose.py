"""What the document and the page say alike: what a row took, how its scores are marked, and what its comparisons answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .. import __version__
from ..base.terminal import duration
from ..evaluation.findings import counted, p_value, signed, value
from ..evaluation.results import question_pairs
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


def took(measured: Measured) -> str:
    """``7 min, 2,310 MB; Intel Xeon, 2 cores, 24 GB; 2025-11-02; version 0.3.0; 253 topics``."""
    cost = [duration(measured.seconds)] if measured.seconds else []
    cost += [f"{measured.memory_mb:,} MB at most"] if measured.memory_mb else []
    told = [measured.machine, measured.date, f"version {measured.version}", counted(measured.topics, "topic")]
    return "; ".join([*([", ".join(cost)] if cost else []), *told])


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
    """The tolerances of a system's cells: ``± .005``, or where they differ ``± .005 (MAP), .020``: the last is that of all others."""
    metrics: dict[str, list[str]] = {}
    for cell in row.cells:
        if cell.system == system:
            told = f"{cell.tolerance:.4f}".lstrip("0") if cell.tolerance < 0.001 else value(cell.tolerance)
            metrics.setdefault(told, []).append(HEADINGS.get(cell.metric, cell.metric))
    *some, (others, _) = sorted(metrics.items(), key=lambda item: len(item[1]))
    return "± " + ", ".join([*(f"{told} ({', '.join(names)})" for told, names in some), others])


def standing(row: Row) -> str:
    """What a row's scores are: what it took to measure them, that others published them, or that there are none."""
    if row.measured:
        older = row.measured.version != __version__
        return f"{took(row.measured)}.{f' {OLDER}' if older else ''}"
    needed = f"Needs {' and '.join(row.needs)}. " if row.needs else ""
    return needed + (PUBLISHED if row.cells else NOT_RECORDED)


def answers(row: Row) -> Iterator[tuple[str, list[str]]]:
    """The row's comparisons in words, made of their numbers: a heading and its sentences."""
    for scope in dict.fromkeys(made.scope for made in row.differences if made.scope):
        levels = [made for made in row.differences if made.scope == scope]
        yield _heading(row, f"What matters, {'all topics together' if scope == ALL else scope}", levels), list(_sentences(row, levels))
    for question, pairs in question_pairs(row.systems).items():
        asked = [made for made in row.differences if (made.a, made.b) in pairs]
        if asked:
            yield _heading(row, question, asked), list(_sentences(row, asked))


def _heading(row: Row, question: str, differences: Sequence[Difference]) -> str:
    """The question, and how it was tested."""
    compared = "row" if row.module == "run" else "grid"
    tested = f"{TESTS[differences[0].test]}, {CORRECTIONS[differences[0].correction]} over all pairs of the {compared}"
    return f"{question} (by MAP; {tested})"


def _sentences(row: Row, differences: Iterable[Difference]) -> Iterator[str]:
    for made in differences:
        scores = [row.cell(system, made.metric) for system in (made.a, made.b)]
        a, b = (f" ({value(cell.expected)})" if cell else "" for cell in scores)
        verdict = "is better than" if made.delta > 0 else "is worse than"
        if made.p_adjusted >= ALPHA:
            verdict = "does not differ significantly from"
        relative = "" if made.relative is None else f" ({100 * made.relative:+.1f} %)"
        tested = f"{p_value(made.p)}, corrected {p_value(made.p_adjusted)}"
        yield f"{made.a}{a} {verdict} {made.b}{b}: {signed(made.delta)}{relative}; {tested}."
