"""Which topics make the difference between two systems: what each asks, and what the two found."""

from __future__ import annotations

from dataclasses import dataclass

from .results import Results

EXTREMES = 5
"""Topics named for each pair, of those that gained and of those that lost most."""
NAMED_HITS = 3
"""Hits of each system that are named beside a topic."""


@dataclass(frozen=True)
class Change:
    """One topic as systems ``a`` and ``b`` answered it."""

    topic: str
    text: str
    """Empty where no manifest tells, as is the next."""
    translation: str
    """By people."""
    ap_a: float
    ap_b: float
    hits_a: list[str]
    """The best documents, best first."""
    hits_b: list[str]


def changes(results: Results, a: str, b: str) -> tuple[list[Change], list[Change]]:
    """The topics that gained and those that lost most average precision by ``a`` in the place of ``b``, EXTREMES at most of each."""
    scores_a, scores_b = (results.systems[name].scores["map"].tolist() for name in (a, b))
    falling = sorted(zip(results.qrels, scores_a, scores_b, strict=True), key=lambda scored: scored[2] - scored[1])
    told = [
        Change(
            topic=topic,
            text=results.topics.get(topic, ""),
            translation=results.human_topics.get(topic, ""),
            ap_a=ap_a,
            ap_b=ap_b,
            hits_a=results.systems[a].hits.get(topic, []),
            hits_b=results.systems[b].hits.get(topic, []),
        )
        for topic, ap_a, ap_b in falling
    ]
    gained = [change for change in told[:EXTREMES] if change.ap_a > change.ap_b]
    lost = [change for change in told[::-1][:EXTREMES] if change.ap_a < change.ap_b]
    return gained, lost


def hit_names(results: Results, topic: str, hits: list[str]) -> list[str]:
    """The best hits in a few words, each by its title, else its id, with a tick where it is relevant; ``no hits`` where there are none."""
    told = []
    for document in hits[:NAMED_HITS]:
        passage = results.passages.get(document)
        tick = " ✓" if results.qrels[topic].get(document, 0) > 0 else ""
        told.append((passage.title if passage and passage.title else document) + tick)
    return told or ["no hits"]
