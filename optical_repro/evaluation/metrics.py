"""The scores of each topic of a run, by ranx; they equal those of trec_eval."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.trec import Qrels, Run

if TYPE_CHECKING:
    import numpy as np

REVISION = 1
"""Raise it with every change to the scores of a run."""

METRICS = ("map", "precision@5", "precision@10", "precision@20", "ndcg@10", "recall@100", "mrr@10")
"""The measures of every report, by ranx's names."""

RECALL_LEVELS = 11
"""Points of the interpolated precision-recall curve: recall 0, .1, ... 1."""


def order(hits: dict[str, float]) -> list[str]:
    """The documents of one topic in the order in which trec_eval judges them.

    Scores are 32-bit floats, best first; ties go by descending document id. The rank column plays no part.
    """
    import numpy as np

    scores = np.array(list(hits.values()), dtype=np.float32).tolist()
    return [document for _, document in sorted(zip(scores, hits, strict=True), reverse=True)]


def evaluate(qrels: Qrels, run: Run, metrics: Sequence[str] = METRICS) -> dict[str, dict[str, float]]:
    """Scores a run: metric, by ranx's name, to topic to value, which for METRICS is between 0 and 1.

    A topic of the qrels without hits scores 0; topics of the run that the qrels do not have are dropped. nDCG's gain is
    the grade itself (ranx's ``ndcg``, trec_eval's ``ndcg_cut``), not 2^grade - 1.

    >>> evaluate({"q1": {"d1": 1}}, {"q1": {"d2": 2.0, "d1": 1.0}})["map"]
    {'q1': 0.5}
    """
    judgements, rankings = _arrays(qrels, run)
    with warnings.catch_warnings():
        # numba, below ranx, warns on machines without a writable shared memory, which nothing here needs.
        warnings.filterwarnings("ignore", message="Could not obtain multiprocessing lock")
        from ranx import evaluate as ranx_evaluate

        # ranx returns no dictionary for a single metric.
        values = ranx_evaluate(judgements, rankings, [*metrics, "hits"] if len(metrics) == 1 else [*metrics], return_mean=False)
        for metric in metrics:
            if metric.startswith("bpref"):
                values[metric] = _bpref(metric, qrels, judgements, rankings)
    return {metric: dict(zip(qrels, values[metric].tolist(), strict=True)) for metric in metrics}


def _arrays(qrels: Qrels, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Qrels and run as ranx's arrays of (topics, documents, [number, grade or score]), best first.

    ranx takes dictionaries too, but then hashes document ids into floats and compiles typed lists: 44 s on first use
    and 6 s on every other, where arrays take 17 s and 0.4 s. A judged document's number is its place among the topic's
    judgements; all others, and the padding, are -1, which no judgement matches.
    """
    import numpy as np

    judgements = np.zeros((len(qrels), max(map(len, qrels.values())), 2))
    judgements[:, :, 0] = -2
    rankings = np.zeros((len(qrels), max([1, *(len(run[topic]) for topic in qrels if topic in run)]), 2))
    rankings[:, :, 0] = -1
    for row, (topic, grades) in enumerate(qrels.items()):
        numbers = {}
        for number, (document, grade) in enumerate(sorted(grades.items(), key=lambda judgement: -judgement[1])):
            numbers[document] = number
            judgements[row, number] = number, grade
        documents = order(run[topic]) if topic in run else []
        rankings[row, : len(documents), 0] = [numbers.get(document, -1) for document in documents]
    return judgements, rankings


def _bpref(metric: str, qrels: Qrels, judgements: np.ndarray, rankings: np.ndarray) -> np.ndarray:
    """bpref topic by topic, since it counts judged documents, the padding among them.

    Where all judged documents are relevant, which ranx divides by zero for, it is the share of them that was found, as in trec_eval.
    """
    import numpy as np
    from ranx import evaluate as ranx_evaluate

    grade = int(metric.partition("-l")[2] or 1)
    values = np.zeros(len(qrels))
    for row, grades in enumerate(qrels.values()):
        relevant = sum(judged >= grade for judged in grades.values())
        own, ranking = judgements[row : row + 1, : len(grades)], rankings[row : row + 1]
        if 0 < relevant < len(grades):
            values[row] = ranx_evaluate(own, ranking, [metric, "hits"], return_mean=False)[metric][0]
        elif relevant:
            values[row] = np.isin(own[0, :, 0], ranking[0, :, 0]).sum() / relevant
    return values


def precision_curve(qrels: Qrels, rankings: dict[str, list[str]]) -> list[float]:
    """Interpolated precision at RECALL_LEVELS levels of recall, averaged over the topics of the qrels.

    ``rankings`` maps topic to documents, best first. The precision at a level is the best at any rank whose recall is at
    least that (trec_eval's ``iprec_at_recall``).
    """
    import numpy as np

    curve = np.zeros(RECALL_LEVELS)
    for topic, grades in qrels.items():
        relevant = sum(grade > 0 for grade in grades.values())
        ranks = np.array([rank for rank, document in enumerate(rankings.get(topic, []), 1) if grades.get(document, 0) > 0], dtype=float)
        precisions = np.maximum.accumulate((np.arange(1, len(ranks) + 1) / ranks)[::-1])[::-1]
        for level in range(RECALL_LEVELS):
            count = max(1, int(level / (RECALL_LEVELS - 1) * relevant + 0.9))  # trec_eval's rounding
            if count <= len(ranks):
                curve[level] += precisions[count - 1]
    return (curve / len(qrels)).tolist()


def warm_up() -> None:
    """Compiles what `evaluate` needs (ranx's numba functions) into numba's cache on disk.

    It takes 17 s after installation, 3 s from then on. Run it beside something slow: ``python -m optical_repro.evaluation.warm_up``.
    """
    evaluate({"topic": {"document": 1}}, {"topic": {"document": 1.0}})
