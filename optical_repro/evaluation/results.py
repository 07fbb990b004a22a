"""Everything that a report tells of one folder of runs, computed once and written by `report` in several forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError, bad_line, unknown
from ..base.files import digest, lines, own_name
from ..base.trec import Qrels, read_qrels, read_run
from ..records.manifest import described_collection, read_all
from . import provenance, significance
from .ids import Strangers
from .metrics import evaluate, order, precision_curve
from .questions import natural_baseline, pairs_with
from .run_files import passed_over, run_files

if TYPE_CHECKING:
    import numpy as np

    from ..collections.collection import Passage

SHOWN_HITS = 10
"""Hits of each topic that the report's topic browser shows."""


@dataclass(frozen=True)
class Alignment:
    """How far the word links of a student's transport plans agree with a word aligner's on held-out pairs: 1 - AER, from 0 to 1."""

    before: float
    """Training."""
    after: float
    pairs: int
    of: str
    """What the pairs are, in words."""
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
    found: dict[str, dict[str, int]]
    """Topic to the relevant documents that it found, each with its rank from 1."""
    log: list[dict[str, float]]
    """Training log of the system's student: {"step", "loss", ...}; empty where it was not trained here."""
    alignment: Alignment | None
    """Of its student; None where a manifest does not tell."""
    queries: dict[str, str]
    """Topic to its text as the system read it, translated or respelled; empty where no ``<system>.topics.tsv`` tells."""
    translator: str | None
    """What translated for it, where a manifest tells; None where nothing was translated."""

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
    """The system that the words and marks compare with; None where there is a single one."""
    test: str
    correction: str
    topics: dict[str, str]
    """Topic to its text, where a manifest tells."""
    human_topics: dict[str, str]
    """Topic to people's translation of it, where a manifest tells."""
    passages: dict[str, Passage]
    """Document to its title and text, for the hits above and the relevant documents; empty where the documents are not at hand."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What all runs share that their manifests tell of how they were made."""
    notes: list[str] = field(default_factory=list)
    """What a reader must know of them: settings that differ, runs of unknown making, ids that nobody knows."""

    @property
    def target(self) -> str:
        """The language that is learnt: the topics', or the documents' where the topics are English."""
        return self.doc_lang if self.lang == "en" and self.doc_lang != "und" else self.lang

    def comparison(self, metric: str, a: str, b: str) -> significance.Comparison | None:
        """a against b, whichever way round it was made; None where the pair was not compared."""
        turned = self._by_pair.get((metric, b, a))
        return self._by_pair.get((metric, a, b)) or (turned.reversed() if turned else None)

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str, str], significance.Comparison]:
        return {(made.metric, made.a, made.b): made for made in self.comparisons}

    def against_baseline(self, metric: str, system: str) -> significance.Comparison | None:
        """The system against the baseline; None for the baseline itself, or where there is none."""
        return self.comparison(metric, system, self.baseline) if self.baseline and system != self.baseline else None


def read_results(
    folder: Path,
    qrels_path: Path,
    *,
    baseline: str | None = None,
    test: str = "fisher",
    correction: str = "holm",
    passages: Callable[[], Iterator[Passage]] | None = None,
) -> Results:
    """Reads and scores every run of a folder named ``<collection>.<lang>.<split>``.

    Without a baseline all pairs are compared, and the strongest system that translates first is the one that marks refer
    to; with one, only the pairs with it and of code-switched with back-translated students, a smaller family. ``passages``
    streams the documents (`Collection.passages`), so that the topic browser can show what was found.
    Raises InputError for a folder without runs, malformed files, runs of other topics, of two collections, or of other bytes than
    their manifests tell of, and for an unknown baseline.
    """
    name = own_name(folder)
    parts = name.rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise InputError(f"{folder}: a folder of runs is named <collection>.<lang>.<split>, like sample.yo.test; rename it")
    paths = run_files(folder)
    if not paths:
        missing = "no *.trec file in it, nor a run of another name" if folder.is_dir() else "no such folder"
        raise InputError(f"{folder}: {missing}; make runs with python -m optical_repro.run, or copy some here as SYSTEM.trec")
    if baseline is not None and baseline not in paths:
        raise unknown("baseline", baseline, list(paths))
    if not qrels_path.is_file():
        raise InputError(f"{qrels_path}: no such file; name the folder that holds it with --qrels-dir")
    qrels = read_qrels(qrels_path)
    manifests = {name: manifest for name, manifest in read_all(folder).items() if name in paths}
    provenance.refuse_mixed(folder, manifests, qrels_path, digest(qrels))
    provenance.refuse_changed(paths, manifests)
    described = described_collection(manifests)
    settings = {name: provenance.settings(manifest) for name, manifest in manifests.items()}
    strangers = Strangers(qrels, qrels_path)
    made = (_system(name, path, qrels, qrels_path, manifests, strangers) for name, path in paths.items())
    systems = {system.name: system for system in sorted(made, key=_by_map)}
    names = list(systems)
    shown = _shown(passages(), qrels, systems, strangers) if passages else {}
    pairs = list(combinations(names, 2)) if baseline is None else pairs_with(baseline, names)
    scores = {system.name: system.scores for system in systems.values()}
    return Results(
        name=name,
        lang=described.get("lang") or _named_languages(parts[1])[0],
        doc_lang=described.get("doc_lang") or _named_languages(parts[1])[1],
        split=parts[2],
        qrels=qrels,
        systems=systems,
        comparisons=significance.compare(scores, pairs, test, correction),
        baseline=baseline or natural_baseline(names),
        test=test,
        correction=correction,
        topics=described.get("topics") or {},
        human_topics=described.get("human_topics") or {},
        passages=shown,
        settings=provenance.shared(settings.values()),
        notes=[
            *provenance.differences(settings),
            *provenance.without_manifest(names, manifests),
            *strangers.notes(),
            *passed_over(folder, paths),
        ],
    )


def _named_languages(part: str) -> tuple[str, str]:
    """Of topics and documents, as the middle part of a folder's name tells: ``yo``, or ``en-yo`` for English topics."""
    both = re.fullmatch("(en)-([a-z]{2,3}(?:-[A-Z][a-z]{3})?)", part)
    return (both[1], both[2]) if both else (part, "und")


def _shown(passages: Iterator[Passage], qrels: Qrels, systems: dict[str, System], strangers: Strangers) -> dict[str, Passage]:
    """The passages that the topic browser shows: hits and relevant documents; ``strangers`` gets all ids."""
    wanted = {document for grades in qrels.values() for document, grade in grades.items() if grade > 0}
    wanted.update(document for system in systems.values() for hits in system.hits.values() for document in hits)
    shown: dict[str, Passage] = {}

    def ids() -> Iterator[str]:
        for passage in passages:
            if passage.id in wanted:
                shown[passage.id] = passage
            yield passage.id

    strangers.search(ids())
    return shown


def _system(name: str, path: Path, qrels: Qrels, qrels_path: Path, manifests: dict[str, dict[str, Any]], strangers: Strangers) -> System:
    """Reads and scores one run."""
    import numpy as np

    training = manifests.get(name, {}).get("training") or {}
    # With a manifest, a run is whole.
    run = read_run(path, finished=name in manifests)
    if run and not run.keys() & qrels.keys():
        raise InputError(f"{path}: its topics ({next(iter(run))}, ...) are not judged in {qrels_path}; is it a run of another collection?")
    if "run_sha256" not in manifests.get(name, {}):
        strangers.meet(name, run)
    scores = {metric: np.array(list(values.values())) for metric, values in evaluate(qrels, run).items()}
    low, high = significance.bootstrap_interval(scores["map"][:, None])
    rankings = {topic: order(run[topic]) for topic in qrels if topic in run}
    return System(
        name=name,
        scores=scores,
        curve=precision_curve(qrels, rankings),
        interval=(float(low[0]), float(high[0])),
        hits={topic: documents[:SHOWN_HITS] for topic, documents in rankings.items()},
        found={
            topic: {document: rank for rank, document in enumerate(documents, 1) if qrels[topic].get(document, 0) > 0}
            for topic, documents in rankings.items()
        },
        log=training.get("log") or [],
        alignment=_alignment(training),
        queries=_queries(path.with_name(f"{name}.topics.tsv")),
        translator=next((made["translator"] for made in manifests.get(name, {}).get("translation") or []), None),
    )


def _alignment(training: dict[str, Any]) -> Alignment | None:
    """What a manifest tells of a student's alignment."""
    told = training.get("alignment")
    if not told:
        return None
    return Alignment(told["before"]["score"], told["after"]["score"], told["pairs"], told["of"], training["checkpoint_sha256"])


def _queries(path: Path) -> dict[str, str]:
    """Topics beside a run, ``topic TAB text`` a line; empty where there is no such file."""
    if not path.exists():
        return {}
    split = [(number, line.partition("\t")) for number, line in lines(path)]
    for number, (_, tab, _) in split:
        if not tab:
            raise bad_line(path, number, "no tab", "topic TAB text (delete the file to do without)")
    return {topic: text for _, (topic, _, text) in split}


def _by_map(system: System) -> tuple[float, str]:
    return -system.mean("map"), system.name
