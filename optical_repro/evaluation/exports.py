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
from .metrics import METRICS
from .questions import telling_pairs
from .results import Results

COMPARED = ["metric", "a", "b", "mean_a", "mean_b", "delta", "low", "high", "relative", "effect", "wins", "ties", "losses"]
COMPARED += ["p", "p_adjusted", "tukey", "test", "correction"]
"""What is known of a comparison."""


def as_csv(results: Results) -> str:
    """Every comparison by every metric with all that is known of it."""
    return csv_text([COMPARED, *([getattr(made, column) for column in COMPARED] for made in results.comparisons)])


def as_topics_csv(results: Results) -> str:
    """What every topic scores, a line for each topic and metric, a column for each system."""
    table: list[list[Any]] = [["topic", "text", "translation", "metric", *results.systems]]
    for metric in METRICS:
        columns = [system.scores[metric].tolist() for system in results.systems.values()]
        for topic, *scores in zip(results.qrels, *columns, strict=True):
            table.append([topic, results.topics.get(topic, ""), results.human_topics.get(topic, ""), metric, *scores])
    return csv_text(table)


def csv_text(table: Iterable[Iterable[Any]]) -> str:
    """Rows as a CSV file's text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def as_json(results: Results) -> str:
    """Every mean, every comparison, and the topics that make the difference."""
    return json_text(json_value(results))


def json_text(value: Any) -> str:
    """A value as a JSON file's text; a number that is not finite, which JSON does not have, is null."""
    return json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_value(results: Results) -> dict[str, Any]:
    """What report.json holds; "comparisons" and all before it are the same in every version."""
    fixed = ["metric", "a", "b", "delta", "relative", "p", "p_adjusted", "test", "correction"]
    columns = fixed + [column for column in COMPARED if column not in fixed]
    return {
        "name": results.name,
        "lang": results.lang,
        "doc_lang": results.doc_lang,
        "split": results.split,
        "topics": len(results.qrels),
        "metrics": list(METRICS),
        "systems": {name: {metric: system.mean(metric) for metric in METRICS} for name, system in results.systems.items()},
        "comparisons": [{column: getattr(made, column) for column in columns} for made in results.comparisons],
        "baseline": results.baseline,
        "map_intervals": {name: list(system.interval) for name, system in results.systems.items()},
        "alignment": {name: asdict(system.alignment) for name, system in results.systems.items() if system.alignment},
        "settings": results.settings,
        "notes": [*results.notes, *(f"without hits, which score 0: {line}" for _, lines in unanswered(results) for line in lines)],
        "changes": [_changes(results, made.a, made.b) for made in telling_pairs(results)],
    }


def _changes(results: Results, a: str, b: str) -> dict[str, Any]:
    gained, lost = changes(results, a, b)
    return {
        "a": a,
        "b": b,
        "gained": [_change(results, change) for change in gained],
        "lost": [_change(results, change) for change in lost],
    }


def _change(results: Results, change: Change) -> dict[str, Any]:
    """One topic; each hit with its grade and, where the documents are at hand, its title."""

    def hits(documents: list[str]) -> list[dict[str, Any]]:
        told = []
        for document in documents:
            passage = results.passages.get(document)
            told.append({"id": document, "grade": results.qrels[change.topic].get(document, 0), "title": passage.title if passage else ""})
        return told

    return {
        "topic": change.topic,
        "text": change.text,
        "translation": change.translation,
        "ap_a": change.ap_a,
        "ap_b": change.ap_b,
        "hits_a": hits(change.hits_a),
        "hits_b": hits(change.hits_b),
    }
