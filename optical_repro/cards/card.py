"""Writes the model card of a student beside its weights."""

from __future__ import annotations

import filecmp
import json
import shutil
from pathlib import Path

from ..base.errors import InputError
from ..base.files import whole
from ..base.published import find_file
from ..base.terminal import say
from ..records.checkpoints import weights_of
from ..records.manifest import MANIFEST, with_students
from .evaluation import CARD, Evaluation, lexicon_name
from .sections import citation, front_matter, licence, scores_of, summary, training, usage
from .uses import architecture, limitations, out_of_scope, training_log


def write_all(folder: Path) -> None:
    """Writes the card of every student that the runs in a folder were made with, beside its weights.

    An error, such as a damaged manifest of another run, is only printed: the runs are complete without a card.
    """
    try:
        for student in sorted(
            {find_file(manifest["training"]["checkpoint"], path) for path, manifest in with_students(folder.glob(f"*{MANIFEST}"))}
        ):
            # No evaluations: its folder was removed, or has other weights since an earlier run.
            if weights_of(student) and (evaluations := _evaluations(student, folder.parent)):
                _write(student, evaluations)
    except InputError as error:
        say(f"no model card: {error}")


def write(student: Path, *runs_dirs: Path) -> Path:
    """Writes the card of a student, with the scores of all its runs under these folders, beside its weights; returns its path.

    Raises InputError if no run there was made with it.
    """
    evaluations = _evaluations(student, *runs_dirs)
    if not evaluations:
        raise InputError(f"{student}: no run under {runs_dirs[0]} was made with it; give the folder of its runs with --runs-dir")
    return _write(student, evaluations)


def _write(student: Path, evaluations: list[Evaluation]) -> Path:
    """Writes the card and the lexicon for respelling into the student's folder; the card beside its runs if that is read-only."""
    text, path = card(student, evaluations), student / CARD
    try:
        for name, lexicon in _lexicons(evaluations).items():
            if not ((student / name).is_file() and filecmp.cmp(lexicon, student / name, shallow=False)):
                with whole(student / name, "wb") as copy, lexicon.open("rb") as original:
                    shutil.copyfileobj(original, copy)
        if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:  # A finished folder may be read-only.
            with whole(path) as file:
                file.write(text)
    except OSError:
        path = beside(evaluations)
        with whole(path) as file:
            file.write(text)
        say(f"{student} cannot be written into; its model card is {path}")
    return path


def beside(evaluations: list[Evaluation]) -> Path:
    """The path of a card beside its runs, for a student whose folder is read-only."""
    return evaluations[0].folder / f"{evaluations[0].systems[0]}.{CARD}"


def _lexicons(evaluations: list[Evaluation]) -> dict[str, Path]:
    """The lexicons used to respell the topics of a student's runs, by their names in its folder; none that are missing."""
    found: dict[str, Path] = {}
    for evaluation in evaluations:
        if name := evaluation.manifest["training"].get("respelled_by"):
            path = find_file(name, evaluation.folder / MANIFEST)
            if path.is_file():
                found.setdefault(lexicon_name(evaluation.manifest), path)
    return found


def _evaluations(student: Path, *runs_dirs: Path) -> list[Evaluation]:
    weights = weights_of(student)
    folders = {folder.resolve(): folder for runs_dir in runs_dirs for folder in sorted(runs_dir.glob("*/"))}
    return [evaluation for folder in folders.values() if (evaluation := _evaluation(folder, weights))]


def card(student: Path, evaluations: list[Evaluation]) -> str:
    """The text of a student's card."""
    manifest = evaluations[0].manifest
    about = [front_matter(evaluations), summary(manifest), usage(student, evaluations), out_of_scope(manifest), limitations(manifest)]
    made = [training(manifest), training_log(manifest), architecture(student)]
    return "\n\n".join(filter(None, [*about, *made, *map(scores_of, evaluations), licence(manifest), citation(evaluations)])) + "\n"


def _evaluation(folder: Path, weights: str) -> Evaluation | None:
    manifests = {
        path.name.removesuffix(MANIFEST): manifest
        for path, manifest in with_students(folder.glob(f"*{MANIFEST}"))
        if manifest["training"]["checkpoint_sha256"] == weights
    }
    report = folder / "report.json"
    if not manifests or not report.is_file():
        return None
    # The shortest name is that of the single-vector system, which the others are based on.
    systems = sorted(manifests, key=lambda system: (len(system), system))
    try:
        return Evaluation(json.loads(report.read_text(encoding="utf-8")), systems, manifests[systems[0]], folder)
    except ValueError:
        raise InputError(f"{report}: not JSON; make it again: python -m optical_repro.compare {folder}") from None
