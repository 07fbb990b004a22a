"""What a notebook or a script needs: load a collection, run systems on it, compare them.

    from optical_repro.api import compare, experiment

    yoruba = experiment("sample", "yo")
    report = compare(yoruba, ["cs", "bt"])
    print(report.text())

``evaluation.figures`` draws ``report.results``; ``yoruba.student("cs")`` is the folder of a trained student.
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
from .experiment.systems import choose, parse_regimes

if TYPE_CHECKING:
    from .evaluation.report import Report

__all__ = ["Recipe", "Settings", "compare", "experiment"]


def experiment(
    source: Path | str, lang: str, settings: Settings | None = None, *, split: str | None = None, cache_dir: Path | str | None = None
) -> Experiment:
    """Loads a collection, by the name, folder or id that ``--collection`` takes; its stages are kept in ``cache_dir`` (None: run's).

    Raises InputError for a collection, language or split that is not there, and for bad data.
    """
    # A notebook would show the bars and warnings of libraries between the results.
    warnings.filterwarnings("ignore", message="IProgress not found")
    hush_transformers()
    settle()
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
    runs_dir: Path | str = "runs",
    qrels_dir: Path | str = "qrels",
) -> Report:
    """Makes the runs of systems (None: all that fit) with their manifests, and compares all that is in their folder.

    ``regimes``: their names, or as ``--regime`` takes them. Raises InputError, before any work, for a regime or a system that there is
    not, and for a system that does not fit the collection or for what it needs and is not there.
    """
    from .cards import card
    from .evaluation.report import write_report
    from .experiment.publishing import publish_all

    collection = experiment.collection
    regimes = parse_regimes(regimes)
    chosen = choose(systems.split(",") if isinstance(systems, str) else systems, regimes, collection)
    experiment.check(chosen)
    call = f"optical_repro.api.compare, {collection.name}, regimes {', '.join(regimes)}"
    arguments = {"collection": collection.location, **asdict(experiment.settings)}
    folder, qrels = publish_all(experiment, chosen, Path(runs_dir), Path(qrels_dir), call, arguments)
    report = write_report(folder, qrels, passages=collection.passages)
    card.write_all(folder)
    return report
