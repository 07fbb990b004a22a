"""What a notebook or a script needs: load a collection, run systems on it, compare them.

    from optical_repro.api import compare, experiment

    yoruba = experiment("sample", "yo")
    report = compare(yoruba, ["cs", "bt"])
    print(report.text())
    report.to_dataframe()               # systems by measures; also "comparisons", "topics"

    from optical_repro.api import finder

    answer = finder("sample", "yo").find("Ta ló ń ṣe òfin?", 3)  # with the only student of Yorùbá in runs/
    for hit in answer.hits:
        print(hit.score, hit.passage.title, hit.better_than_chance)

A notebook shows ``report`` as a table. ``evaluation.figures`` draws ``report.results``; ``yoruba.student("cs")`` is the folder of a
trained student.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from . import collections
from .base import languages
from .base.cache import Cache
from .base.errors import InputError
from .base.places import default_folder, settle
from .base.terminal import hush_transformers
from .distill.recipe import Recipe
from .experiment.experiment import Experiment
from .experiment.settings import Settings
from .experiment.systems import choose, meaning, parse_regimes
from .records import checkpoints
from .searching.finder import Answer, Finder, Hit, Match

if TYPE_CHECKING:
    from .evaluation.report import Report

__all__ = ["Answer", "Finder", "Hit", "Match", "Recipe", "Settings", "compare", "experiment", "finder"]


def experiment(
    source: Path | str, lang: str, settings: Settings | None = None, *, split: str | None = None, cache_dir: Path | str | None = None
) -> Experiment:
    """Loads a collection by name, folder or id, as ``--collection`` does; stages are kept in ``cache_dir`` (None: that of ``run``).

    Raises InputError for an unknown collection, language or split, and for bad data.
    """
    _prepare_notebook()
    settings = settings if settings is not None else Settings()
    if not isinstance(settings, Settings):
        raise InputError(f"settings {settings!r}: expected Settings")
    collection = collections.load(str(source), languages.check(lang), split)
    return Experiment(collection, settings, Cache(cache_dir or default_folder()))


def compare(
    experiment: Experiment,
    regimes: Sequence[str] | str,
    systems: Sequence[str] | str | None = None,
    *,
    metrics: Sequence[str] | str | None = None,
    runs_dir: Path | str = "runs",
    qrels_dir: Path | str = "qrels",
) -> Report:
    """Runs systems (None: all that fit), writes their runs with manifests, and compares all runs in the folder.

    ``regimes``: their names, or text as for ``--regime``; ``metrics``: as for ``compare --metrics`` (None: the usual ones). Raises
    InputError, before any work, for an unknown regime, system or metric, and if a system does not fit the collection or something that
    it needs is missing.
    """
    from .cards import card
    from .evaluation import measures
    from .evaluation.metrics import METRICS
    from .evaluation.report import write_report
    from .experiment.publishing import publish_all

    measured = measures.parse(metrics) if metrics is not None else METRICS
    collection = experiment.collection
    regimes = parse_regimes(regimes)
    names = systems.split(",") if isinstance(systems, str) else systems
    rows = choose(names, regimes, collection)
    experiment.check(rows)
    call = f"optical_repro.api.compare, {collection.name}, regimes {', '.join(regimes)}"
    arguments = {"collection": collection.location, **asdict(experiment.settings)}
    folder, qrels = publish_all(experiment, rows, Path(runs_dir), Path(qrels_dir), call, arguments)
    report = write_report(folder, qrels, metrics=measured, passages=collection.passages, meaning=meaning)
    card.write_all(folder)
    return report


def finder(
    source: Path | str,
    lang: str,
    student: Path | str | None = None,
    *,
    split: str | None = None,
    teacher: str | None = None,
    device: str = "auto",
    index: str = "flat",
    runs_dir: Path | str = "runs",
    cache_dir: Path | str | None = None,
) -> Finder:
    """A collection to search with a student, as ``python -m optical_repro.search`` does: loaded once, asked any number of times.

    ``student``: its folder or the manifest of one of its runs; None takes the only one of the language in ``runs_dir``. The answers
    are the same as the command's; a finder may be shared by threads:

        finder = optical_repro.api.finder("sample", "yo", "runs/sample.yo.test/optical-cs.manifest.json")
        answer = finder.find("Ta ló ń ṣe òfin?", 3)
        answer.known                                    # whether a word of it is known; if not, there are no hits
        best = answer.hits[0]                           # passage.id, .title and .text, score, better_than_chance
        finder.match(answer.query, best.passage).marks  # the words of the passage that the plan aligns with the query's

    Raises InputError for an unknown collection, language, split or student, and if student and teacher do not fit together.
    """
    _prepare_notebook()
    lang = languages.check(lang)
    checkpoint = checkpoints.find(str(student) if student is not None else None, Path(runs_dir), teacher, lang)
    collection = collections.load(str(source), lang, split)
    return Finder(collection, checkpoint, Cache(cache_dir or default_folder()), device, index)


def _prepare_notebook() -> None:
    """Keeps progress bars and warnings of libraries out of notebooks, and sets the folders that libraries use."""
    warnings.filterwarnings("ignore", message="IProgress not found")
    hush_transformers()
    settle()
