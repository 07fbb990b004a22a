"""Which topics make the difference between two systems: their texts, and the best hits of both."""

from __future__ import annotations

from dataclasses import dataclass

from .results import Results

EXTREMES = 5
"""Topics shown for each pair: so many at most of those that gained most, and of those that lost most."""
NAMED_HITS = 3
"""Hits of each system shown beside a topic."""


@dataclass(frozen=True)
class Change:
    """One topic: its average precision and best hits by systems ``a`` and ``b``."""

    topic: str
    text: str
    """Empty where no manifest has it."""
    translation: str
    """By people; empty where no manifest has it."""
    ap_a: float
    ap_b: float
    hits_a: list[str]
    """The best documents, best first."""
    hits_b: list[str]


def changes(results: Results, a: str, b: str) -> tuple[list[Change], list[Change]]:
    """The topics whose average precision gains most, and those that lose most, where ``a`` replaces ``b``: EXTREMES at most of each."""
    scores_a, scores_b = (results.systems[name].scores["map"].tolist() for name in (a, b))
    ranking = sorted(zip(results.qrels, scores_a, scores_b, strict=True), key=lambda row: row[2] - row[1])
    all_changes = [
        Change(
            topic=topic,
            text=results.topics.get(topic, ""),
            translation=results.human_topics.get(topic, ""),
            ap_a=ap_a,
            ap_b=ap_b,
            hits_a=results.systems[a].hits.get(topic, []),
            hits_b=results.systems[b].hits.get(topic, []),
        )
        for topic, ap_a, ap_b in ranking
    ]
    gains = [change for change in all_changes[:EXTREMES] if change.ap_a > change.ap_b]
    losses = [change for change in all_changes[::-1][:EXTREMES] if change.ap_a < change.ap_b]
    return gains, losses


def hit_names(results: Results, topic: str, hits: list[str]) -> list[str]:
    """The best hits, each by its title or else its id, with a tick if it is relevant; ``no hits`` where there are none."""
    names = []
    for document in hits[:NAMED_HITS]:
        passage = results.passages.get(document)
        tick = " ✓" if results.qrels[topic].get(document, 0) > 0 else ""
        names.append((passage.title if passage and passage.title else document) + tick)
    return names or ["no hits"]
