"""Trained students: their folders, and what is known of their training."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..base import languages
from ..base.cache import RECORD
from ..base.errors import InputError
from ..base.files import sha256
from ..base.published import find_file
from ..base.system_names import split_name
from ..base.terminal import say
from ..encoders.models import EMBEDDED, locate
from .manifest import MANIFEST, read, with_students


class Checkpoint(NamedTuple):
    """A student, and what is known of its training."""

    folder: Path
    teacher: str
    """The teacher's name or folder."""
    untrained: Path | None
    """The folder of the student before training."""
    lexicon: Path | None = None
    """The lexicon by which the topics of its runs were respelled."""
    lang: str | None = None
    """The low-resource language that it was trained for, if its manifest is at hand."""
    system: str = ""
    """The system of its single vectors, ``optical-cs``, if its manifest is at hand; else the folder's name."""
    runs_dir: Path = Path("runs")
    """The folder above that of its manifest, or the one that was searched for a manifest: its runs are in folders there."""


def find(student: str | None, runs_dir: Path, teacher: str | None = None, lang: str | None = None) -> Checkpoint:
    """A student by its folder, by its name on the Hub, or by the manifest of a run that it made.

    For a folder too, the manifest is used if a run under ``runs_dir`` was made with the student's weights.
    ``teacher``: its name, if it is known; else the manifest's, else the default. Raises InputError for what is no student, and if
    its weights are not those that a manifest recorded; without ``student``, the only one of ``lang`` is taken, or the error lists the
    manifests to choose from.
    """
    if not student and lang and (only := _only_student(runs_dir, lang)):
        student = str(only)
        say(f"student: {student}, the only one of {languages.name(lang)} in {runs_dir}")
    if not student:
        raise InputError(f"which student? give --model FOLDER, or the manifest of its run{_suggestions(runs_dir)}")
    if student.endswith(MANIFEST):
        path = Path(student)
        manifest = read(path)
        folder = _student_folder(manifest, path)
    else:
        folder = _locate(student)
        path, manifest = _find_manifest(folder, runs_dir)
    training = manifest.get("training") or {}
    teacher_name = training.get("teacher") or manifest.get("arguments", {}).get("teacher") or EMBEDDED
    lexicon = find_file(training["respelled_by"], path) if training.get("respelled_by") else None
    system = split_name(str(manifest.get("system") or folder.name)).retriever
    named = teacher or os.path.expanduser(teacher_name)
    runs_dir = path.absolute().parent.parent if manifest else runs_dir
    return Checkpoint(folder, named, _untrained(folder), lexicon, _language(manifest), system, runs_dir)


def weights_of(student: Path) -> str:
    """The SHA-256 of a student's weights; empty for a model that has them in several files, which no student here has."""
    path = student / "model.safetensors"
    return sha256(path) if path.is_file() else ""


def _locate(name: str) -> Path:
    """The folder of a model. Raises InputError for a name that the file system does not accept."""
    try:
        return locate(name)
    except OSError as error:
        raise InputError(
            f"{name[:80]}: no student ({os.strerror(error.errno or 0)}); give its folder, or the manifest of its run"
        ) from None


def _student_folder(manifest: dict[str, Any], path: Path) -> Path:
    """The folder of a manifest's student. Raises InputError if it is gone or has other weights than the manifest recorded."""
    training = manifest.get("training")
    if not training:
        raise InputError(f"{path}: its system has no student; expected an optical system's manifest")
    folder = find_file(training["checkpoint"], path)
    remedy = f"make it again: {manifest.get('command', 'python -m optical_repro.run')}"
    if not folder.is_dir():
        raise InputError(f"{path}: its student is no longer in {folder}; {remedy}")
    folder = locate(str(folder))
    if weights_of(folder) != training["checkpoint_sha256"]:
        raise InputError(f"{path}: the weights in {folder} are not those that its run was made with (SHA-256 differs); {remedy}")
    return folder


def _find_manifest(student: Path, runs_dir: Path) -> tuple[Path, dict[str, Any]]:
    """The path and content of the manifest of a run made with this student's weights; (``runs_dir``, empty) if there is none.

    Raises InputError if manifests name this folder, but all with other weights.
    """
    weights, other = "", None
    for path, manifest in with_students(runs_dir.glob(f"*/*{MANIFEST}")):
        weights = weights or weights_of(student)
        if manifest["training"]["checkpoint_sha256"] == weights:
            return path, manifest
        if find_file(manifest["training"]["checkpoint"], path).resolve() == student.resolve():
            other = path
    if other:
        raise InputError(f"{student}: its weights are not those that {other} recorded (SHA-256 differs); make that run again")
    return runs_dir, {}


def _untrained(student: Path) -> Path | None:
    """The folder of the untrained student that a student in the cache was trained from; None if it is not known."""
    try:
        name = json.loads((student / RECORD).read_text(encoding="utf-8"))["inputs"]["untrained"]
    except (OSError, ValueError, KeyError, TypeError):  # Not a student in a cache.
        return None
    folder = student.parent.parent / "untrained" / str(name)
    return folder if folder.is_dir() else None


def _language(manifest: dict[str, Any]) -> str | None:
    """The low-resource language of a manifest's collection; None if it does not say."""
    collection = manifest.get("collection") or {}
    return languages.learnt(collection.get("lang") or "", collection.get("doc_lang") or "") or None


def _existing_students(runs_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The manifests of single-vector systems whose student exists."""
    for path, manifest in with_students(runs_dir.glob(f"*/*{MANIFEST}")):
        name = split_name(path.name.removesuffix(MANIFEST))
        if not (name.fused or name.by_tokens) and find_file(manifest["training"]["checkpoint"], path).is_dir():
            yield path, manifest


def _only_student(runs_dir: Path, lang: str) -> Path | None:
    """The manifest of the only student of a language; None if there are several, or none."""
    students = {
        manifest["training"]["checkpoint_sha256"]: path
        for path, manifest in _existing_students(runs_dir)
        if languages.same(str(_language(manifest)), lang)
    }
    return next(iter(students.values())) if len(students) == 1 else None


def _suggestions(runs_dir: Path) -> str:
    """The end of an error message: manifests whose student exists."""
    paths = [str(path) for path, _ in _existing_students(runs_dir)]
    if not paths:
        return f" (none in {runs_dir}: train one with python -m optical_repro.run)"
    return f": --model {' or '.join(paths[:6])}{' ...' if len(paths) > 6 else ''}"
