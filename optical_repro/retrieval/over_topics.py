"""A search whose topics are shared out by an engine, such as among many machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from ..base.trec import Run
from ..engines.engine import Engine

PART = 64
"""Topics of a task."""


def over_topics(engine: Engine, search: Callable[[Mapping[str, Any]], Run], topics: Mapping[str, Any]) -> Run:
    """The hits of all topics, in their order, by a search in which those of a topic do not depend on the others.

    Many machines search parts of the topics; one process searches all at once.
    """
    if not engine.parallel:
        return search(topics)
    stream = iter(topics.items())
    parts = iter(lambda: dict(islice(stream, PART)), {})
    return {topic: hits for run in engine.map(lambda: search, parts) for topic, hits in run.items()}
