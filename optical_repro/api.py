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
    """Loads a collection by name, folder or id, as ``--collection`` does; stages are kept in ``cache_dir`` (None: that of ``run``).

    Raises InputError for an unknown collection, language or split, and for bad data.
    """
    # Else notebooks show progress bars and warnings of libraries.
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
    """Runs systems (None: all that fit), writes their runs with manifests, and compares all runs in the folder.

    ``regimes``: their names, or text as for ``--regime``. Raises InputError, before any work, for an unknown regime or system, and
    if a system does not fit the collection or something that it needs is missing.
    """
    from .cards import card
    from .evaluation.report import write_report
    from .experiment.publishing import publish_all

    collection = experiment.collection
    regimes = parse_regimes(regimes)
    names = systems.split(",") if isinstance(systems, str) else systems
    rows = choose(names, regimes, collection)
    experiment.check(rows)
    call = f"optical_repro.api.compare, {collection.name}, regimes {', '.join(regimes)}"
    arguments = {"collection": collection.location, **asdict(experiment.settings)}
    folder, qrels = publish_all(experiment, rows, Path(runs_dir), Path(qrels_dir), call, arguments)
    report = write_report(folder, qrels, passages=collection.passages)
    card.write_all(folder)
    return report
