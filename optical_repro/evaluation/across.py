"""Several folders of runs as one: the same systems over other languages, splits or collections."""

from __future__ import annotations

from itertools import combinations

from . import significance
from .results import Results, System, natural_baseline, pairs_with
from .tables import as_text
from .words import value


def pooled(folders: list[Results], baseline: str | None = None) -> Results:
    """The results over the topics of all folders, each topic with the same weight, for the systems that every folder has."""
    import numpy as np

    def label(results: Results, topic: str) -> str:
        return f"{results.name}/{topic}"

    first = folders[0]
    names = [name for name in first.systems if all(name in results.systems for results in folders)]
    systems = []
    for name in names:
        runs = [results.systems[name] for results in folders]
        scores = {metric: np.concatenate([run.scores[metric] for run in runs]) for metric in runs[0].scores}
        low, high = significance.bootstrap_interval(scores["map"][:, None])
        systems.append(
            System(
                name=name,
                scores=scores,
                curve=np.average([run.curve for run in runs], axis=0, weights=[len(results.qrels) for results in folders]).tolist(),
                interval=(float(low[0]), float(high[0])),
                hits={label(results, topic): hits for results in folders for topic, hits in results.systems[name].hits.items()},
                found={label(results, topic): ranks for results in folders for topic, ranks in results.systems[name].found.items()},
                log=[],
                alignment=None,
                queries={label(results, topic): text for results in folders for topic, text in results.systems[name].queries.items()},
            )
        )
    systems.sort(key=lambda system: (-system.mean("map"), system.name))
    names = [system.name for system in systems]
    pairs = list(combinations(names, 2)) if baseline not in names else pairs_with(baseline, names)
    return Results(
        name=f"{len(folders)} folders together",
        lang=", ".join(dict.fromkeys(results.lang for results in folders)),
        doc_lang=", ".join(dict.fromkeys(results.doc_lang for results in folders if results.doc_lang != "und")) or "und",
        split=", ".join(dict.fromkeys(results.split for results in folders)),
        qrels={label(results, topic): grades for results in folders for topic, grades in results.qrels.items()},
        systems={system.name: system for system in systems},
        comparisons=significance.compare({system.name: system.scores for system in systems}, pairs, first.test, first.correction),
        baseline=baseline if baseline in names else natural_baseline(names),
        test=first.test,
        correction=first.correction,
        topics={label(results, topic): text for results in folders for topic, text in results.topics.items()},
        human_topics={label(results, topic): text for results in folders for topic, text in results.human_topics.items()},
        passages={},
    )


def across_text(folders: list[Results], baseline: str | None = None) -> str:
    """MAP of every system in every folder, then the table and the findings of all topics together."""
    names = list(dict.fromkeys(name for results in folders for name in results.systems))
    names.sort(key=lambda name: -max(results.systems[name].mean("map") for results in folders if name in results.systems))
    width = max(map(len, names))
    out = ["MAP by folder", "", "  ".join([" " * width, *(f"{results.name:>7}" for results in folders)])]
    for name in names:
        means = [value(results.systems[name].mean("map")) if name in results.systems else "" for results in folders]
        cells = (f"{mean:>{max(7, len(results.name))}}" for mean, results in zip(means, folders, strict=True))
        out.append("  ".join([f"{name:<{width}}", *cells]).rstrip())
    together = pooled(folders, baseline)
    return "\n".join(out + (["", as_text(together)] if together.systems else []))
