"""Trained students: where they lie, and what else there is of their training."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from ..base.cache import RECORD
from ..base.errors import InputError
from ..base.files import sha256
from ..base.published import find_file as at
from ..encoders.models import EMBEDDED, locate
from .manifest import MANIFEST, read


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
    ``teacher``: its name, where it is known; else the manifest's, else the default. Raises InputError for what is no student, and
    where its weights are not those that a manifest recorded; without ``given``, one that names the manifests that could be given.
    """
    if not given:
        raise InputError(f"which student? give --model FOLDER, or the manifest of its run{_offer(runs_dir)}")
    if given.endswith(MANIFEST):
        path = Path(given)
        manifest = read(path)
        folder = _checkpoint(manifest, path)
    else:
        folder = _located(given)
        path, manifest = _of_weights(folder, runs_dir)
    training = manifest.get("training") or {}
    named = training.get("teacher") or manifest.get("arguments", {}).get("teacher") or EMBEDDED
    lexicon = at(training["respelled_by"], path) if training.get("respelled_by") else None
    told = manifest.get("collection", {})
    lang = told.get("doc_lang") if told.get("lang") == "en" else told.get("lang")
    return Checkpoint(folder, teacher or os.path.expanduser(named), _untrained(folder), lexicon, lang)


def weights_of(student: Path) -> str:
    """The SHA-256 of a student's weights; empty for a model that has them in several files, which no student here has."""
    path = student / "model.safetensors"
    return sha256(path) if path.is_file() else ""


def _located(given: str) -> Path:
    """The folder of a model; a name that no file system takes is none."""
    try:
        return locate(given)
    except OSError as error:
        raise InputError(
            f"{given[:80]}: no student ({os.strerror(error.errno or 0)}); give its folder, or the manifest of its run"
        ) from None


def _checkpoint(manifest: dict[str, Any], path: Path) -> Path:
    """The folder of the student that a manifest tells of, with the weights that it recorded."""
    training = manifest.get("training")
    if not training:
        raise InputError(f"{path}: its system has no student; expected an optical system's manifest")
    folder = at(training["checkpoint"], path)
    again = f"make it again: {manifest.get('command', 'python -m optical_repro.run')}"
    if not folder.is_dir():
        raise InputError(f"{path}: its student is no longer in {folder}; {again}")
    folder = locate(str(folder))
    if weights_of(folder) != training["checkpoint_sha256"]:
        raise InputError(f"{path}: the weights in {folder} are not those that its run was made with (SHA-256 differs); {again}")
    return folder


def _of_weights(student: Path, runs_dir: Path) -> tuple[Path, dict[str, Any]]:
    """The manifest of a run that a student with these weights made, and its path; empty where there is none.

    Raises InputError for a folder that manifests recorded with other weights alone.
    """
    weights, other = "", None
    for path in sorted(runs_dir.glob(f"*/*{MANIFEST}")):
        if training := read(path).get("training"):
            weights = weights or weights_of(student)
            if training["checkpoint_sha256"] == weights:
                return path, read(path)
            if at(training["checkpoint"], path).resolve() == student.resolve():
                other = path
    if other:
        raise InputError(f"{student}: its weights are not those that {other} recorded (SHA-256 differs); make that run again")
    return runs_dir, {}


def _untrained(student: Path) -> Path | None:
    """The stage that a student in the cache was trained from."""
    try:
        name = json.loads((student / RECORD).read_text(encoding="utf-8"))["inputs"]["untrained"]
    except (OSError, ValueError, KeyError, TypeError):  # No student of a cache.
        return None
    folder = student.parent.parent / "untrained" / str(name)
    return folder if folder.is_dir() else None


def _offer(runs_dir: Path) -> str:
    """The manifests that name a student that is there."""
    there = []
    for path in sorted(runs_dir.glob(f"*/*{MANIFEST}")):
        training = read(path).get("training")
        if training and "+" not in path.name and at(training["checkpoint"], path).is_dir():
            there.append(str(path))
    if not there:
        return f" (none in {runs_dir}: train one with python -m optical_repro.run)"
    return f": --model {' or '.join(there[:6])}{' ...' if len(there) > 6 else ''}"
