"""Puts measured scores into a row: from a new report, or from a finished folder of runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from .. import __version__, options
from ..base.errors import InputError
from ..experiment.systems import parse
from .recorded import Cell, Difference, Measured, Row
from .running import machine

TOLERANCE = 0.005
"""Of untrained systems: other processors add in another order."""
TRAINED_TOLERANCE = 0.02
"""Of students: small differences grow over hundreds of steps."""
DIGITS = 6
NOT_COMPARED = ("runs_dir", "qrels_dir", "cache_dir", "device")
"""Arguments that do not change scores."""


def with_scores(row: Row, metrics: list[str], report: dict[str, Any], seconds: float | None, memory_mb: int | None, day: str) -> Row:
    """The row with the scores of a report (report.json's content), the cost of the command, and the comparisons that answer the questions.

    An old cell keeps its tolerance.
    """
    from ..evaluation.questions import natural_baseline, question_pairs

    systems, deviations = report["systems"], report.get("deviations", {})
    natural = natural_baseline(list(systems))
    baselines = report.get("baselines") or ([natural] if natural else [])
    with_baselines = replace(row, baselines=baselines)
    cells = []
    for system in systems:
        for metric in metrics:
            before, difference = row.cell(system, metric), _difference(report, metric, system, with_baselines.baseline_of(system))
            tolerance = before.tolerance if before else _tolerance(system, baselines, row.module)
            score = round(systems[system][metric], DIGITS)
            deviation = round(deviations[system][metric], DIGITS) if system in deviations else None
            cells.append(Cell(system, metric, score, tolerance, difference.p_adjusted if difference else None, deviation))
    candidates = [_difference(report, "map", a, b) for pairs in question_pairs(list(systems)).values() for a, b in pairs]
    differences = [difference for difference in candidates if difference]
    for effect in report.get("effects", []):
        if effect["metric"] == "map":
            differences.append(_round(effect, effect["a"], effect["b"], effect["mean_a"], effect["mean_b"], effect["topics_of"]))
    measured = Measured(machine(), day, report["topics"], seconds and round(seconds), memory_mb, __version__)
    return replace(with_baselines, measured=measured, cells=cells, differences=differences)


def _difference(report: dict[str, Any], metric: str, a: str, b: str | None) -> Difference | None:
    """a against b, in whichever order the report compares them; None where it does not."""
    for comparison in report["comparisons"]:
        if b and comparison["metric"] == metric and {comparison["a"], comparison["b"]} == {a, b}:
            return _round(comparison, a, b, *(report["systems"][name][metric] for name in (a, b)))
    return None


def _round(comparison: dict[str, Any], a: str, b: str, score: float, other: float, scope: str = "") -> Difference:
    """A comparison in the form of the tables' file."""
    return Difference(
        metric=comparison["metric"],
        a=a,
        b=b,
        delta=round(score - other, DIGITS),
        p=round(comparison["p"], 5),
        p_adjusted=round(comparison["p_adjusted"], 5),
        test=comparison["test"],
        correction=comparison["correction"],
        relative=round((score - other) / other, DIGITS) if other else None,
        scope=scope,
    )


def _tolerance(system: str, baselines: list[str], module: str) -> float:
    if module == "grid":
        return TOLERANCE if system in baselines else TRAINED_TOLERANCE
    regime = parse(system).regime
    return TRAINED_TOLERANCE if regime and regime != "none" else TOLERANCE


# ---- from a folder


def from_folder(folder: Path, row: Row) -> tuple[dict[str, Any], float, str, list[str]]:
    """Reads a finished folder of a row's runs: its report, the seconds of its stages, the day, and remarks.

    Systems without a manifest, or with other arguments than the row's, are left out of the report, each with a remark.
    Raises InputError where none is left.
    """
    from ..records.manifest import read_all

    path = folder / "report.json"
    if row.module != "run":
        raise InputError(f"{row.title}: a grid is recorded as it runs; use --record, with the --cache-dir of the grid that is there")
    if not path.is_file():
        raise InputError(f"{folder}: no report.json in it; expected a finished folder of runs, as {row.command} makes it")
    report = json.loads(path.read_text(encoding="utf-8"))
    manifests = read_all(folder)
    systems: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    remarks = []
    for system, scores in report["systems"].items():
        other = _other(row, manifests[system]["arguments"]) if system in manifests else "no manifest: not a run of this project"
        if other:
            remarks.append(f"left out {system}: {other}")
        else:
            systems[system] = scores
            for stage, time in manifests[system]["seconds"].items():  # each manifest has the stages so far: the last has most
                seconds[stage] = max(time, seconds.get(stage, 0.0))
    if not systems:
        raise InputError(f"{folder}: nothing in it was made by the row's command, {row.command}; {remarks[0] if remarks else 'no systems'}")
    # The time of the teacher's side is already in the stage of the student that needs it.
    total = sum(time for stage, time in seconds.items() if not stage.startswith("teacher's side"))
    return {**report, "systems": systems}, total, date.fromtimestamp(path.stat().st_mtime).isoformat(), remarks


def _other(row: Row, arguments: dict[str, Any]) -> str:
    """The first argument in which a run differs from the row, in words; paths are compared by their last part; empty where none differs."""
    for name, value in vars(options.of_run().parse_args(row.arguments)).items():
        actual, expected = _comparable(arguments.get(name)), _comparable(value)
        if name in arguments and name not in NOT_COMPARED and actual != expected:
            return f"made with {name} {arguments[name]}, the row says {value}"
    return ""


def _comparable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(map(_comparable, value))
    if isinstance(value, str | Path):
        return sorted(Path(value).name.split(","))
    return value
