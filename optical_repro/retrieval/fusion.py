"""Fuses several runs of the same topics into one.

ranx's fusions are other ones: they take the topics of the first run and stop at one that another run lacks, and their min-max scaling
gives 0 to hits of equal scores, where this gives 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.trec import Run, ranking

REVISION = 1
"""To be raised with every change to the fusion of the same runs."""


def fuse(runs: Sequence[Run], weights: Sequence[float]) -> Run:
    """The weighted sum of scores, scaled to 0 to 1 in each run and topic (min-max); a hit missing from a run scores 0 there.

    >>> fuse([{"q": {"a": 3.0, "b": 1.0}}, {"q": {"b": 9.0, "c": 5.0}}], [0.6, 0.4])
    {'q': {'a': 0.6, 'b': 0.4, 'c': 0.0}}
    """
    fusion: Run = {topic: {} for run in runs for topic in run}
    for run, weight in zip(runs, weights, strict=True):
        for topic, hits in run.items():
            scores = fusion[topic]
            low, high = min(hits.values(), default=0.0), max(hits.values(), default=0.0)
            for document, score in hits.items():
                scaled = (score - low) / (high - low) if high > low else 1.0
                scores[document] = scores.get(document, 0.0) + weight * scaled
    return fusion


def interpolate(runs: Sequence[Run], weights: Sequence[float]) -> Run:
    """The weighted sum of unscaled scores; a hit missing from a run scores 0 there (``pyserini.fusion --method interpolation``)."""
    fusion: Run = {topic: {} for run in runs for topic in run}
    for run, weight in zip(runs, weights, strict=True):
        for topic, hits in run.items():
            scores = fusion[topic]
            for document, score in hits.items():
                scores[document] = scores.get(document, 0.0) + weight * score
    return fusion


def reciprocal_rank(runs: Sequence[Run], k: int = 60) -> Run:
    """The sum of 1 / (k + rank) over the runs (Cormack, Clarke and Büttcher, SIGIR 2009); ranks from 1."""
    fusion: Run = {topic: {} for run in runs for topic in run}
    for run in runs:
        for topic, hits in run.items():
            scores = fusion[topic]
            for rank, (document, _) in enumerate(ranking(hits, len(hits)), 1):
                scores[document] = scores.get(document, 0.0) + 1 / (k + rank)
    return fusion
