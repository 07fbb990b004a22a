"""Everything in the report on one folder of runs, computed once; `report` writes it in several forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import languages
from ..base.errors import InputError, bad_line, unknown
from ..base.files import digest, lines, own_name
from ..base.trec import Qrels, read_qrels, read_run
from ..records.manifest import described_collection, read_all
from . import provenance, significance
from .ids import Strangers
from .metrics import METRICS, evaluate, order, precision_curve
from .origins import Origin, origin
from .questions import natural_baseline, pairs_with
from .run_files import other_files, run_files

if TYPE_CHECKING:
    import numpy as np

    from ..collections.collection import Passage

SHOWN_HITS = 10
"""Hits per topic in the report's topic browser."""

MAKE_RUNS = "make runs with python -m optical_repro.run, or copy some here as SYSTEM.trec"


@dataclass(frozen=True)
class Alignment:
    """How far the word links of a student's transport plans agree with a word aligner's on held-out pairs: 1 - AER, from 0 to 1."""

    before: float
    """Before training."""
    after: float
    """After training."""
    pairs: int
    of: str
    """The origin of the pairs, in words."""
    student: str
    """The hash of its weights."""


@dataclass(frozen=True)
class System:
    """One run: a row of the table."""

    name: str
    scores: dict[str, np.ndarray]
    """Metric to one value a topic, in the order of the qrels."""
    curve: list[float]
    """Interpolated precision at recall 0, .1, ... 1."""
    interval: tuple[float, float]
    """95 % bootstrap interval of its MAP."""
    hits: dict[str, list[str]]
    """Topic to its best documents, SHOWN_HITS at most."""
    ranks: dict[str, dict[str, int]]
    """Topic to the relevant documents in the run, each with its rank from 1."""
    log: list[dict[str, float]]
    """Training log of the system's student: {"step", "loss", ...}; empty if there is none."""
    alignment: Alignment | None
    """Its student's alignment; None if no manifest has it."""
    queries: dict[str, str]
    """Topic to the system's query, translated or respelled; empty without ``<system>.topics.tsv``."""
    translator: str | None
    """Its translator, if a manifest names it; None if nothing was translated."""
    meaning: str = ""
    """What it does, in plain words; empty for a system that is not known, such as somebody else's run."""
    hit_scores: dict[str, list[float]] = field(default_factory=dict)
    """Topic to the scores of its ``hits``."""

    def mean(self, metric: str) -> float:
        """The metric's mean over the topics."""
        return float(self.scores[metric].mean())


@dataclass(frozen=True)
class Results:
    """One folder of runs: its systems, best MAP first, and how they compare."""

    name: str
    lang: str
    doc_lang: str
    split: str
    qrels: Qrels
    systems: dict[str, System]
    comparisons: list[significance.Comparison]
    baseline: str | None
    """The system that the text and the marks compare with; None if there is only one system."""
    test: str
    correction: str
    topics: dict[str, str]
    """Topic to its text, if a manifest has it."""
    human_topics: dict[str, str]
    """Topic to people's translation of it, if a manifest has it."""
    passages: dict[str, Passage]
    """Document to its title and text, for the hits above and the relevant documents; empty if the documents are not at hand."""
    metrics: tuple[str, ...] = METRICS
    """The measures of the tables, by ranx's names; MAP is the first."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The settings that all runs share, from their manifests."""
    settings_of: dict[str, dict[str, Any]] = field(default_factory=dict)
    """System to its settings, from its manifest."""
    notes: list[str] = field(default_factory=list)
    """Warnings for the reader: settings that differ, runs without a manifest, unknown ids."""
    origins: list[Origin] = field(default_factory=list)
    """How the runs were made, for each folder of runs."""

    @property
    def target(self) -> str:
        """The student's language: the topics', or the documents' if the topics are English."""
        return languages.learnt(self.lang, self.doc_lang)

    def comparison(self, metric: str, a: str, b: str) -> significance.Comparison | None:
        """The comparison of a with b, in whichever order it was made; None if the pair was not compared."""
        reverse = self._by_pair.get((metric, b, a))
        return self._by_pair.get((metric, a, b)) or (reverse.reversed() if reverse else None)

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str, str], significance.Comparison]:
        return {(comparison.metric, comparison.a, comparison.b): comparison for comparison in self.comparisons}

    def against_baseline(self, metric: str, system: str) -> significance.Comparison | None:
        """The comparison of the system with the baseline; None for the baseline itself, or without a baseline."""
        return self.comparison(metric, system, self.baseline) if self.baseline and system != self.baseline else None


def read_results(
    folder: Path,
    qrels_path: Path,
    *,
    baseline: str | None = None,
    test: str = "fisher",
    correction: str = "holm",
    metrics: tuple[str, ...] = METRICS,
    passages: Callable[[], Iterator[Passage]] | None = None,
    meaning: Callable[[str], str] | None = None,
) -> Results:
    """Reads and scores every run of a folder named ``<collection>.<lang>.<split>``.

    Without a baseline all pairs are compared, and marks refer to the strongest system that translates first. With a baseline
    only its pairs and the question pairs are compared, a smaller family. ``passages`` streams the documents
    (`Collection.passages`) for the topic browser. ``metrics``: as `measures.parse` returns them.
    ``meaning``: a system's name to what it does, in plain words.
    Raises InputError for a folder without runs, malformed files, runs of other topics, of two collections, or with other hashes
    than in their manifests, and for an unknown baseline.
    """
    if not folder.exists():
        raise InputError(f"{folder}: no such folder; {MAKE_RUNS}")
    name = own_name(folder)
    parts = name.rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise InputError(f"{folder}: a folder of runs is named <collection>.<lang>.<split>, like sample.yo.test; rename it")
    paths = run_files(folder)
    if not paths:
        missing = "no *.trec file in it, nor a run of another name" if folder.is_dir() else "not a folder"
        raise InputError(f"{folder}: {missing}; {MAKE_RUNS}")
    if baseline is not None and baseline not in paths:
        raise unknown("baseline", baseline, list(paths))
    if not qrels_path.is_file():
        raise InputError(f"{qrels_path}: no such file; name the folder that holds it with --qrels-dir")
    qrels = read_qrels(qrels_path)
    manifests = {name: manifest for name, manifest in read_all(folder).items() if name in paths}
    provenance.refuse_mixed(folder, manifests, qrels_path, digest(qrels))
    provenance.refuse_changed(paths, manifests)
    collection = described_collection(manifests)
    settings = {name: provenance.settings(manifest) for name, manifest in manifests.items()}
    strangers = Strangers(qrels, qrels_path)
    rows = (_system(name, path, qrels, qrels_path, manifests, strangers, metrics, meaning) for name, path in paths.items())
    systems = {system.name: system for system in sorted(rows, key=_by_map)}
    names = list(systems)
    shown_passages = _select_passages(passages(), qrels, systems, strangers) if passages else {}
    pairs = list(combinations(names, 2)) if baseline is None else pairs_with(baseline, names)
    scores = {system.name: system.scores for system in systems.values()}
    return Results(
        name=name,
        lang=collection.get("lang") or _languages_in_name(parts[1])[0],
        doc_lang=collection.get("doc_lang") or _languages_in_name(parts[1])[1],
        split=parts[2],
        qrels=qrels,
        systems=systems,
        comparisons=significance.compare(scores, pairs, test, correction),
        baseline=baseline or natural_baseline(names),
        test=test,
        correction=correction,
        topics=collection.get("topics") or {},
        human_topics=collection.get("human_topics") or {},
        passages=shown_passages,
        metrics=metrics,
        settings=provenance.shared(settings.values()),
        settings_of=settings,
        notes=[
            *provenance.left_out(collection),
            *provenance.differences(settings),
            *provenance.without_manifest(names, manifests),
            *strangers.notes(),
            *other_files(folder, paths),
        ],
        origins=[origin(name, manifests)],
    )


def _languages_in_name(part: str) -> tuple[str, str]:
    """The languages of topics and documents in the middle part of a folder's name: ``yo``, or ``en-yo`` for English topics."""
    match = re.fullmatch("(en)-([a-z]{2,3}(?:-[A-Z][a-z]{3})?)", part)
    return (match[1], match[2]) if match else (part, "und")


def _select_passages(passages: Iterator[Passage], qrels: Qrels, systems: dict[str, System], strangers: Strangers) -> dict[str, Passage]:
    """The passages that the topic browser shows: hits and relevant documents; all ids go to ``strangers``."""
    documents = {document for grades in qrels.values() for document, grade in grades.items() if grade > 0}
    documents.update(document for system in systems.values() for hits in system.hits.values() for document in hits)
    selection: dict[str, Passage] = {}

    def ids() -> Iterator[str]:
        for passage in passages:
            if passage.id in documents:
                selection[passage.id] = passage
            yield passage.id

    strangers.add_documents(ids())
    return selection


def _system(
    name: str,
    path: Path,
    qrels: Qrels,
    qrels_path: Path,
    manifests: dict[str, dict[str, Any]],
    strangers: Strangers,
    metrics: tuple[str, ...],
    meaning: Callable[[str], str] | None,
) -> System:
    """Reads and scores one run."""
    import numpy as np

    training = manifests.get(name, {}).get("training") or {}
    # A run with a manifest is complete.
    run = read_run(path, finished=name in manifests)
    if run and not run.keys() & qrels.keys():
        raise InputError(f"{path}: its topics ({next(iter(run))}, ...) are not judged in {qrels_path}; is it a run of another collection?")
    if "run_sha256" not in manifests.get(name, {}):
        strangers.add_run(name, run)
    scores = {metric: np.array(list(values.values())) for metric, values in evaluate(qrels, run, metrics).items()}
    low, high = significance.bootstrap_interval(scores["map"][:, None])
    rankings = {topic: order(run[topic]) for topic in qrels if topic in run}
    return System(
        name=name,
        scores=scores,
        curve=precision_curve(qrels, rankings),
        interval=(float(low[0]), float(high[0])),
        hits={topic: documents[:SHOWN_HITS] for topic, documents in rankings.items()},
        ranks={
            topic: {document: rank for rank, document in enumerate(documents, 1) if qrels[topic].get(document, 0) > 0}
            for topic, documents in rankings.items()
        },
        log=training.get("log") or [],
        alignment=_alignment(training),
        queries=_queries(path.with_name(f"{name}.topics.tsv")),
        meaning=meaning(name) if meaning else "",
        hit_scores={topic: [float(run[topic][document]) for document in documents[:SHOWN_HITS]] for topic, documents in rankings.items()},
        translator=next((record["translator"] for record in manifests.get(name, {}).get("translation") or []), None),
    )


def _alignment(training: dict[str, Any]) -> Alignment | None:
    """A student's alignment, from its part of a manifest; None if it has none."""
    record = training.get("alignment")
    if not record:
        return None
    return Alignment(record["before"]["score"], record["after"]["score"], record["pairs"], record["of"], training["checkpoint_sha256"])


def _queries(path: Path) -> dict[str, str]:
    """A system's queries, from the file beside its run, ``topic TAB text`` a line; empty if there is no such file."""
    if not path.exists():
        return {}
    split = [(number, line.partition("\t")) for number, line in lines(path)]
    for number, (_, tab, _) in split:
        if not tab:
            raise bad_line(path, number, "no tab", "topic TAB text (delete the file to do without)")
    return {topic: text for _, (topic, _, text) in split}


def _by_map(system: System) -> tuple[float, str]:
    return -system.mean("map"), system.name
