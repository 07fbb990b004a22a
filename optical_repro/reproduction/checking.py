"""A report against the scores that a row expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .recorded import Cell, Row


@dataclass(frozen=True)
class Check:
    """One cell and its new score."""

    system: str
    metric: str
    cell: Cell | None
    """The expected score; None where nothing is recorded."""
    score: float | None
    """The new score; None where the report has no such system or metric."""

    @property
    def missed(self) -> bool:
        """Whether the score is not within tolerance of the recorded one."""
        return self.cell is not None and (self.score is None or not self.cell.hit(self.score))

    @property
    def difference(self) -> float:
        """The score minus the expected one; 0 where either is missing."""
        return self.score - self.cell.expected if self.cell and self.score is not None else 0.0

    @property
    def verdict(self) -> str:
        """``.404 ok``, ``.512 off by +0.0340``, ``not there``, or ``.404 (nothing recorded)``."""
        from ..evaluation.findings import value

        if self.score is None:
            return "not there"
        if self.cell is None:
            return f"{value(self.score)} (nothing recorded)"
        verdict = f"off by {self.difference:+.4f}" if self.missed else "ok"
        return f"{value(self.score)} {verdict}"


def checks(row: Row, metrics: list[str], report: dict[str, Any]) -> Iterator[Check]:
    """Every recorded cell, and every system of the report (report.json's content) that has none."""
    scores = report["systems"]
    for system in dict.fromkeys([*row.systems, *scores]):
        for metric in metrics:
            yield Check(system, metric, row.cell(system, metric), scores.get(system, {}).get(metric))


def furthest(checks: list[Check]) -> Check | None:
    """The check whose score is furthest from the expected one; None where nothing is recorded."""
    candidates = [check for check in checks if check.cell and check.score is not None]
    return max(candidates, key=lambda check: abs(check.difference), default=None)


def as_text(checks: list[Check]) -> str:
    """A line for each system, a column for each metric."""
    from ..evaluation.tables import HEADINGS

    metrics = list(dict.fromkeys(check.metric for check in checks))
    lines = [["", *(HEADINGS.get(metric, metric) for metric in metrics)]]
    for system in dict.fromkeys(check.system for check in checks):
        lines.append([system, *(check.verdict for check in checks if check.system == system)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(metrics) + 1)]
    return "\n".join("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
