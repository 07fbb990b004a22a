"""Several folders of runs as one: the same systems over other languages, splits or collections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from . import provenance, significance
from .questions import natural_baseline, pairs_with, telling_pairs
from .results import Results, System
from .significance import Comparison

OF_LANGUAGE = ("bitext", "lexicon")
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
        """Folders, groups and all together; what has no systems left out."""
        return [results for results in (*self.folders, *self.groups, self.together) if results.systems]

    @property
    def names(self) -> list[str]:
        """Every system of any folder, those in all folders first, best MAP first."""
        others = {name: system.mean("map") for results in self.folders for name, system in results.systems.items()}
        rest = sorted(others.keys() - self.together.systems.keys(), key=lambda name: (-others[name], name))
        return [*self.together.systems, *rest]

    def differences(self) -> list[tuple[Comparison, list[tuple[str, Comparison]]]]:
        """The telling pairs of all together, each with what it comes to in every column that compared it, by the column's name."""
        out = []
        for pair in telling_pairs(self.together):
            made = [(results.name, results.comparison("map", pair.a, pair.b)) for results in self.columns]
            out.append((pair, [(name, comparison) for name, comparison in made if comparison]))
        return out


def across(folders: list[Results], baseline: str | None = None) -> Across:
    """Puts folders beside each other; with a ``baseline``, it is that of every pool that has it."""
    groups = []
    for kind, keys in (
        ("language", [results.target for results in folders]),
        ("collection", [_collection(results) for results in folders]),
    ):
        for key in dict.fromkeys(keys):
            some = [results for results, its in zip(folders, keys, strict=True) if its == key]
            if 1 < len(some) < len(folders):
                groups.append(pooled(some, baseline, f"{kind} {key}"))
    return Across(folders, groups, pooled(folders, baseline, f"{len(folders)} folders together"))


def _collection(results: Results) -> str:
    """``afriqa`` of ``afriqa.yo.test``."""
    return results.name.rsplit(".", 2)[0]


def pooled(folders: list[Results], baseline: str | None, name: str) -> Results:
    """The results over the topics of all folders, each topic with the same weight, for the systems that every folder has.

    Topics and documents bear their folder's name before their own.
    """
    first = folders[0]
    shared = [name for name in first.systems if all(name in results.systems for results in folders)]
    systems = sorted((_pooled_system(folders, name) for name in shared), key=lambda system: (-system.mean("map"), system.name))
    names = [system.name for system in systems]
    pairs = list(combinations(names, 2)) if baseline not in names else pairs_with(baseline, names)
    # Text is in a language; all else may be the same in all folders.
    settings = {results.name: {key: told for key, told in results.settings.items() if key not in OF_LANGUAGE} for results in folders}
    passages = {_label(results, document): passage for results in folders for document, passage in results.passages.items()}
    return Results(
        name=name,
        lang=_joined(results.lang for results in folders),
        doc_lang=_joined(results.doc_lang for results in folders if results.doc_lang != "und") or "und",
        split=_joined(results.split for results in folders),
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
        settings=provenance.shared(settings.values()),
        notes=[
            *provenance.differences(settings),
            *(f"{results.name}: {note}" for results in folders for note in results.notes),
        ],
    )


def _pooled_system(folders: list[Results], name: str) -> System:
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
        found={
            _label(results, topic): {_label(results, document): rank for document, rank in ranks.items()}
            for results, run in runs
            for topic, ranks in run.found.items()
        },
        log=[],
        alignment=None,
        queries={_label(results, topic): text for results, run in runs for topic, text in run.queries.items()},
        translator=", ".join(sorted({run.translator for _, run in runs if run.translator})) or None,
    )


def _label(results: Results, own: str) -> str:
    """A topic or a document among those of other folders."""
    return f"{results.name}/{own}"


def _joined(codes: Iterable[str]) -> str:
    """``yo, sw``."""
    return ", ".join(dict.fromkeys(codes))
