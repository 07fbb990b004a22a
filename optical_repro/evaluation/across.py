"""Several folders of runs side by side and pooled: the same systems over several languages, splits or collections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from . import provenance, significance
from .questions import natural_baseline, pairs_with, telling_pairs
from .results import Results, System
from .significance import Comparison

OF_LANGUAGE = ("bitext", "with", "lexicon")
"""Settings that folders of several languages cannot share."""


@dataclass(frozen=True)
class Across:
    """Folders of runs side by side, and pooled."""

    folders: list[Results]
    groups: list[Results]
    """The folders of one language, and those of one collection, pooled: where they are several but not all."""
    together: Results
    """All folders pooled; without systems where no system is in all of them."""

    @property
    def columns(self) -> list[Results]:
        """Folders, groups and all together, without those that have no systems."""
        return [results for results in (*self.folders, *self.groups, self.together) if results.systems]

    @property
    def names(self) -> list[str]:
        """Every system of any folder, those in all folders first, best MAP first."""
        others = {name: system.mean("map") for results in self.folders for name, system in results.systems.items()}
        rest = sorted(others.keys() - self.together.systems.keys(), key=lambda name: (-others[name], name))
        return [*self.together.systems, *rest]

    def differences(self) -> list[tuple[Comparison, list[tuple[str, Comparison]]]]:
        """The telling pairs of all together, each with (column, comparison) for every column that compares the two."""
        pairs = []
        for pair in telling_pairs(self.together):
            by_column = [(results.name, results.comparison("map", pair.a, pair.b)) for results in self.columns]
            pairs.append((pair, [(name, comparison) for name, comparison in by_column if comparison]))
        return pairs


def across(folders: list[Results], baseline: str | None = None) -> Across:
    """Puts folders side by side and pools them; every pool that has the ``baseline`` compares with it."""
    groups = []
    for kind, keys in (
        ("language", [results.target for results in folders]),
        ("collection", [_collection(results) for results in folders]),
    ):
        for key in dict.fromkeys(keys):
            members = [results for results, other in zip(folders, keys, strict=True) if other == key]
            if 1 < len(members) < len(folders):
                groups.append(pool(members, baseline, f"{kind} {key}"))
    return Across(folders, groups, pool(folders, baseline, f"{len(folders)} folders together"))


def _collection(results: Results) -> str:
    """``afriqa`` of ``afriqa.yo.test``."""
    return results.name.rsplit(".", 2)[0]


def pool(folders: list[Results], baseline: str | None, name: str) -> Results:
    """The results over the topics of all folders, each topic with the same weight, for the systems that every folder has.

    The ids of topics and documents get their folder's name as a prefix.
    """
    first = folders[0]
    common = [name for name in first.systems if all(name in results.systems for results in folders)]
    systems = sorted((_pool_system(folders, name) for name in common), key=lambda system: (-system.mean("map"), system.name))
    names = [system.name for system in systems]
    pairs = list(combinations(names, 2)) if baseline not in names else pairs_with(baseline, names)
    # Text belongs to a language; all other settings may be the same in all folders.
    settings = {results.name: {key: value for key, value in results.settings.items() if key not in OF_LANGUAGE} for results in folders}
    passages = {_label(results, document): passage for results in folders for document, passage in results.passages.items()}
    return Results(
        name=name,
        lang=_join(results.lang for results in folders),
        doc_lang=_join(results.doc_lang for results in folders if results.doc_lang != "und") or "und",
        split=_join(results.split for results in folders),
        qrels={
            _label(results, topic): {_label(results, document): grade for document, grade in grades.items()}
            for results in folders
            for topic, grades in results.qrels.items()
        },
        systems={system.name: system for system in systems},
        comparisons=significance.compare({system.name: system.scores for system in systems}, pairs, first.test, first.correction),
        baseline=baseline if baseline in names else natural_baseline(names),
        test=first.test,
        correction=first.correction,
        topics={_label(results, topic): text for results in folders for topic, text in results.topics.items()},
        human_topics={_label(results, topic): text for results in folders for topic, text in results.human_topics.items()},
        passages=passages,
        metrics=first.metrics,
        settings=provenance.shared(settings.values()),
        notes=[
            *provenance.differences(settings),
            *(f"{results.name}: {note}" for results in folders for note in results.notes),
        ],
        origins=[origin for results in folders for origin in results.origins],
    )


def _pool_system(folders: list[Results], name: str) -> System:
    import numpy as np

    runs = [(results, results.systems[name]) for results in folders]
    scores = {metric: np.concatenate([run.scores[metric] for _, run in runs]) for metric in runs[0][1].scores}
    low, high = significance.bootstrap_interval(scores["map"][:, None])
    return System(
        name=name,
        scores=scores,
        curve=np.average([run.curve for _, run in runs], axis=0, weights=[len(results.qrels) for results in folders]).tolist(),
        interval=(float(low[0]), float(high[0])),
        hits={
            _label(results, topic): [_label(results, document) for document in hits]
            for results, run in runs
            for topic, hits in run.hits.items()
        },
        ranks={
            _label(results, topic): {_label(results, document): rank for document, rank in ranks.items()}
            for results, run in runs
            for topic, ranks in run.ranks.items()
        },
        log=[],
        alignment=None,
        queries={_label(results, topic): text for results, run in runs for topic, text in run.queries.items()},
        meaning=runs[0][1].meaning,
        hit_scores={_label(results, topic): scores for results, run in runs for topic, scores in run.hit_scores.items()},
        translator=", ".join(sorted({run.translator for _, run in runs if run.translator})) or None,
    )


def _label(results: Results, identifier: str) -> str:
    """The id of a topic or a document with its folder's name before it: ``sample.yo.test/q1``."""
    return f"{results.name}/{identifier}"


def _join(codes: Iterable[str]) -> str:
    """The codes, each once: ``yo, sw``."""
    return ", ".join(dict.fromkeys(codes))
