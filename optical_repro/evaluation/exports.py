"""Results for programs: CSV for a spreadsheet, R or pandas, and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from .by_topic import Change, changes
from .findings import unanswered
from .power import power
from .questions import telling_pairs
from .results import Results

COMPARED = ["metric", "a", "b", "mean_a", "mean_b", "delta", "low", "high", "relative", "effect", "wins", "ties", "losses"]
COMPARED += ["p", "p_adjusted", "tukey", "test", "correction"]
"""The columns of a comparison."""


def as_csv(results: Results) -> str:
    """Every comparison by every metric, with all of its columns."""
    return csv_text([COMPARED, *([getattr(comparison, column) for column in COMPARED] for comparison in results.comparisons)])


def as_topics_csv(results: Results) -> str:
    """The scores of every topic: a line for each topic and metric, a column for each system."""
    table: list[list[Any]] = [["topic", "text", "translation", "metric", *results.systems]]
    for metric in results.metrics:
        columns = [system.scores[metric].tolist() for system in results.systems.values()]
        for topic, *scores in zip(results.qrels, *columns, strict=True):
            table.append([topic, results.topics.get(topic, ""), results.human_topics.get(topic, ""), metric, *scores])
    return csv_text(table)


def csv_text(table: Iterable[Iterable[Any]]) -> str:
    """The text of a CSV file with these rows."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def as_json(results: Results) -> str:
    """Every mean, every comparison, and the topics that make the difference."""
    return json_text(json_value(results))


def json_text(value: Any) -> str:
    """The text of a JSON file; a number that is not finite, which JSON does not have, becomes null."""
    return json.dumps(_without_infinities(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _without_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinities(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_value(results: Results) -> dict[str, Any]:
    """The content of report.json; the keys up to "comparisons" are the same in every version."""
    first = ["metric", "a", "b", "delta", "relative", "p", "p_adjusted", "test", "correction"]
    columns = first + [column for column in COMPARED if column not in first]
    return {
        "name": results.name,
        "lang": results.lang,
        "doc_lang": results.doc_lang,
        "split": results.split,
        "topics": len(results.qrels),
        "metrics": list(results.metrics),
        "systems": {name: {metric: system.mean(metric) for metric in results.metrics} for name, system in results.systems.items()},
        "comparisons": [{column: getattr(comparison, column) for column in columns} for comparison in results.comparisons],
        "baseline": results.baseline,
        "map_intervals": {name: list(system.interval) for name, system in results.systems.items()},
        "alignment": {name: asdict(system.alignment) for name, system in results.systems.items() if system.alignment},
        "settings": results.settings,
        "notes": [*results.notes, *(f"without hits, which score 0: {line}" for _, lines in unanswered(results) for line in lines)],
        "power": asdict(found) if (found := power(results)) else None,
        "changes": [_changes(results, comparison.a, comparison.b) for comparison in telling_pairs(results)],
    }


def _changes(results: Results, a: str, b: str) -> dict[str, Any]:
    gains, losses = changes(results, a, b)
    return {
        "a": a,
        "b": b,
        "gained": [_change(results, change) for change in gains],
        "lost": [_change(results, change) for change in losses],
    }


def _change(results: Results, change: Change) -> dict[str, Any]:
    """One topic; each hit has its grade and, where the documents are at hand, its title."""

    def hits(documents: list[str]) -> list[dict[str, Any]]:
        entries = []
        for document in documents:
            passage = results.passages.get(document)
            entries.append(
                {"id": document, "grade": results.qrels[change.topic].get(document, 0), "title": passage.title if passage else ""}
            )
        return entries

    return {
        "topic": change.topic,
        "text": change.text,
        "translation": change.translation,
        "ap_a": change.ap_a,
        "ap_b": change.ap_b,
        "hits_a": hits(change.hits_a),
        "hits_b": hits(change.hits_b),
    }
