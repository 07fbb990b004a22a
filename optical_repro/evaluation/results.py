"""Everything that a report tells of one folder of runs, computed once and written by `report` in several forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, bad_line, unknown
from ..files import lines
from ..trec import Qrels, read_qrels, read_run
from . import significance
from .metrics import evaluate, order, precision_curve

if TYPE_CHECKING:
    import numpy as np

    from ..collections.collection import Passage

SHOWN_HITS = 10
"""Hits of each topic that the report's topic browser shows."""
A_MANIFEST = "a manifest as optical_repro.run writes it (delete it to do without)"
HUMAN = "human"
"""The system that reads people's translations of the topics."""


def is_ceiling(system: str) -> bool:
    """Whether a system reads people's translations, whole or in part, scored or fused however it be: it is out of competition."""
    return re.match(rf"{HUMAN}\b", system) is not None


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

    def comparison(self, metric: str, a: str, b: str) -> significance.Comparison | None:
        """a against b, whichever way round it was made; None where the pair was not compared."""
        for made in self.comparisons:
            if made.metric == metric and (made.a, made.b) == (a, b):
                return made
            if made.metric == metric and (made.a, made.b) == (b, a):
                return made.reversed()
        return None

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
    Raises InputError for a folder without runs, malformed files, runs of other topics, or an unknown baseline.
    """
    name = folder.resolve().name
    parts = name.rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise InputError(f"{folder}: a folder of runs is named <collection>.<lang>.<split>, like sample.yo.test; rename it")
    paths = run_files(folder)
    if not paths:
        missing = "no *.trec file in it" if folder.is_dir() else "no such folder"
        raise InputError(f"{folder}: {missing}; make runs with python -m optical_repro.run, or copy some here as SYSTEM.trec")
    if baseline is not None and baseline not in paths:
        raise unknown("baseline", baseline, list(paths))
    if not qrels_path.is_file():
        raise InputError(f"{qrels_path}: no such file; name the folder that holds it with --qrels-dir")
    qrels = read_qrels(qrels_path)
    manifests = read_manifests(folder)
    described = described_collection(manifests)
    made = (_system(name, path, qrels, qrels_path, manifests) for name, path in paths.items())
    systems = {system.name: system for system in sorted(made, key=_by_map)}
    names = list(systems)
    pairs = list(combinations(names, 2)) if baseline is None else pairs_with(baseline, names)
    scores = {system.name: system.scores for system in systems.values()}
    return Results(
        name=name,
        lang=parts[1],
        doc_lang=described.get("doc_lang", "und"),
        split=parts[2],
        qrels=qrels,
        systems=systems,
        comparisons=significance.compare(scores, pairs, test, correction),
        baseline=baseline or natural_baseline(names),
        test=test,
        correction=correction,
        topics=described.get("topics") or {},
        human_topics=described.get("human_topics") or {},
        passages=_shown(passages(), qrels, systems) if passages else {},
    )


def run_files(folder: Path) -> dict[str, Path]:
    """System to its run, in the order of the names; raises InputError where two files are of one system."""
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        found = re.fullmatch(r"([^.].*)\.(trec|run)(\.gz)?", path.name)
        if found and found[1] in paths:
            raise InputError(f"{path}: {paths[found[1]].name} is a run of {found[1]} too; rename one of them")
        if found:
            paths[found[1]] = path
    return paths


def _shown(passages: Iterator[Passage], qrels: Qrels, systems: dict[str, System]) -> dict[str, Passage]:
    """The passages that the topic browser shows: hits and relevant documents."""
    wanted = {document for grades in qrels.values() for document, grade in grades.items() if grade > 0}
    wanted.update(document for system in systems.values() for hits in system.hits.values() for document in hits)
    return {passage.id: passage for passage in passages if passage.id in wanted}


def _system(name: str, path: Path, qrels: Qrels, qrels_path: Path, manifests: dict[str, dict[str, Any]]) -> System:
    """Reads and scores one run."""
    import numpy as np

    training = manifests.get(name, {}).get("training") or {}
    # With a manifest, a run is whole.
    run = read_run(path, finished=path.stem in manifests)
    if run and not run.keys() & qrels.keys():
        raise InputError(f"{path}: its topics ({next(iter(run))}, ...) are not judged in {qrels_path}; is it a run of another collection?")
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


def read_manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """System to its manifest, in the order of the names."""
    manifests = {}
    for path in sorted(folder.glob("*.manifest.json")):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise bad_line(path, error.lineno, "not JSON", A_MANIFEST) from None
        if not isinstance(manifest, dict):
            raise bad_line(path, 1, "no object of JSON", A_MANIFEST)
        manifests[path.name.removesuffix(".manifest.json")] = manifest
    return manifests


def described_collection(manifests: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the manifests tell of the collection: "doc_lang", "topics", "human_topics", "source"; empty where there are none."""
    return next((manifest["collection"] for manifest in manifests.values() if "collection" in manifest), {})


def natural_baseline(names: list[str]) -> str | None:
    """The best system that translates topics or documents and then retrieves; failing that, the best that was not trained here."""
    if len(names) < 2:
        return None
    competitors = [name for name in names if not is_ceiling(name)]
    translating = [name for name in competitors if re.search(r"-([qd]t|psq|nbest)\b", name)]
    untrained = [name for name in competitors if not name.startswith("optical-")]
    return (translating or untrained or competitors)[0]


def telling_pairs(results: Results) -> list[significance.Comparison]:
    """The comparisons by MAP that a reader asks for first: every competitor with the baseline, then the question pairs."""
    pairs = [(name, results.baseline) for name in results.systems if results.baseline and name != results.baseline and not is_ceiling(name)]
    pairs += [pair for asked in question_pairs(list(results.systems)).values() for pair in asked if pair not in pairs]
    return [made for made in (results.comparison("map", *pair) for pair in pairs) if made]


def question_pairs(names: list[str]) -> dict[str, list[tuple[str, str]]]:
    """The questions that the toolkit is for, each with its pairs of systems that are alike in all else."""
    switched = [(name, name.replace("optical-cs", "optical-bt", 1)) for name in names if name.startswith("optical-cs")]
    pretrained = [(name, re.sub(r"-after-.+?(?=-maxsim|\+|$)", "", name, count=1)) for name in names if "-after-" in name]
    students = [name for name in names if name.startswith("optical-")]
    translated = [
        (name, re.sub(r"^optical-.+?(?=-maxsim|\+bm25|$)", baseline, name, count=1))
        for baseline in ("dense-qt", "dense-nbest")
        for name in students
    ]
    asked = {
        "Code-switched against back-translated training text": switched,
        "With pre-training before distillation against without": pretrained,
        "Like against like: students against the translated topics in their place": translated,
    }
    return {question: [pair for pair in pairs if pair[1] in names] for question, pairs in asked.items()}


def pairs_with(baseline: str, names: list[str]) -> list[tuple[str, str]]:
    """The baseline's pairs and the question pairs, each once."""
    pairs = [(name, baseline) for name in names if name != baseline]
    return pairs + [pair for asked in question_pairs(names).values() for pair in asked if baseline not in pair]
