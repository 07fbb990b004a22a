"""Trained students: where they lie, and what else there is of their training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from .cache import RECORD
from .errors import InputError, bad_line
from .files import sha256
from .models import EMBEDDED, locate

MANIFEST = ".manifest.json"


class Checkpoint(NamedTuple):
    """A student, and what is at hand of its training."""

    folder: Path
    teacher: str
    """The teacher's name or folder."""
    untrained: Path | None
    """The folder of the student before training."""
    lexicon: Path | None = None
    """The lexicon by which the topics of its runs were respelled."""
    lang: str | None = None
    """The low-resource language that it was trained for, where its manifest is at hand."""


def find(given: str | None, runs_dir: Path, teacher: str | None = None) -> Checkpoint:
    """A student by its folder, by its name on the Hub, or by the manifest of a run that it made.

    What a manifest tells of a student is taken for a folder too, where a run under ``runs_dir`` was made with its weights.
    ``teacher``: its name, where it is known; else the manifest's, else the default. Raises InputError for what is no student;
    without ``given``, one that names the manifests under ``runs_dir`` that could be given.
    """
    if given is None:
        raise InputError(f"which student? give --model FOLDER, or the manifest of its run{_offer(runs_dir)}")
    if given.endswith(MANIFEST):
        manifest = _read(Path(given))
        path = Path(_training(manifest, Path(given))["checkpoint"])
        if not path.is_dir():
            raise InputError(f"{given}: its student is no longer in {path}; make it again: {manifest.get('command')}")
        folder = locate(str(path))
    else:
        folder = locate(given)
        manifest = _of_weights(folder, runs_dir)
    training = manifest.get("training", {})
    named = training.get("teacher") or manifest.get("arguments", {}).get("teacher") or EMBEDDED
    lexicon = Path(training["respelled_by"]) if training.get("respelled_by") else None
    told = manifest.get("collection", {})
    lang = told.get("doc_lang") if told.get("lang") == "en" else told.get("lang")
    return Checkpoint(folder, teacher or named, _untrained(folder), lexicon, lang)


def _of_weights(student: Path, runs_dir: Path) -> dict[str, Any]:
    """The manifest of a run that a student with these weights made; empty where there is none."""
    manifests = [manifest for path in sorted(runs_dir.glob(f"*/*{MANIFEST}")) if (manifest := _read(path)).get("training")]
    weights = sha256(student / "model.safetensors") if manifests else ""
    return next((manifest for manifest in manifests if manifest["training"].get("checkpoint_sha256") == weights), {})


def _untrained(student: Path) -> Path | None:
    """The stage that a student in the cache was trained from."""
    if not (student / RECORD).is_file():
        return None
    name = json.loads((student / RECORD).read_text(encoding="utf-8"))["inputs"].get("untrained")
    folder = student.parent.parent / "untrained" / str(name)
    return folder if folder.is_dir() else None


def _offer(runs_dir: Path) -> str:
    """The manifests that name a student that is there."""
    there = []
    for path in sorted(runs_dir.glob(f"*/*{MANIFEST}")):
        training = _read(path).get("training")
        if training and "+" not in path.name and Path(training["checkpoint"]).is_dir():
            there.append(str(path))
    if not there:
        return f" (none in {runs_dir}: train one with python -m optical_repro.run)"
    return f": --model {' or '.join(there[:6])}{' ...' if len(there) > 6 else ''}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the manifest of an optical system's run") from None
    except ValueError as error:
        raise bad_line(path, getattr(error, "lineno", 1), "not JSON", "a manifest as optical_repro.run writes it") from None


def _training(manifest: dict[str, Any], path: Path) -> dict[str, Any]:
    training = manifest.get("training")
    if not training:
        raise InputError(f"{path}: its system has no student; expected an optical system's manifest")
    return dict(training)
