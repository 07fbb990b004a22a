"""The card of a student, beside its weights."""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.files import whole
from ..base.published import find_file as at
from ..base.terminal import say
from ..records.checkpoints import weights_of
from ..records.manifest import MANIFEST, read
from .evaluation import CARD, LEXICON, Evaluation
from .sections import citation, front_matter, licence, scores_of, summary, training, usage


def write_all(folder: Path) -> None:
    """Writes the card of every student that the runs in a folder were made with, beside its weights.

    What stands in the way of a card, such as damaged manifests of other runs, is told in a line: the runs are there all the same.
    """
    try:
        for student in sorted({at(manifest["training"]["checkpoint"], path) for path, manifest in _trained(folder)}):
            # Gone, or trained anew elsewhere since a run of before: then there is nothing to say of it.
            if weights_of(student) and (found := _evaluations(student, folder.parent)):
                _write(student, found)
    except InputError as error:
        say(f"no model card: {error}")


def write(student: Path, runs_dir: Path) -> Path:
    """Writes the card of a student, with the scores of all its runs under ``runs_dir``, beside its weights; returns its path.

    Raises InputError where no run there was made with it.
    """
    found = _evaluations(student, runs_dir)
    if not found:
        raise InputError(f"{student}: no run under {runs_dir} was made with it; give the folder of its runs with --runs-dir")
    return _write(student, found)


def _write(student: Path, evaluations: list[Evaluation]) -> Path:
    """Writes the card and the lexicon that respells into the student's folder; the card beside its runs where that cannot be written."""
    text, path, lexicon = card(student, evaluations), student / CARD, _lexicon(evaluations)
    try:
        if lexicon and not ((student / LEXICON).is_file() and filecmp.cmp(lexicon, student / LEXICON, shallow=False)):
            with whole(student / LEXICON, "wb") as copy, lexicon.open("rb") as original:
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
    """Where the card of a student stands whose folder cannot be written into: with its runs."""
    return evaluations[0].folder / f"{evaluations[0].systems[0]}.{CARD}"


def _lexicon(evaluations: list[Evaluation]) -> Path | None:
    """The lexicon by which the topics of a student's runs were respelled, where they were and it is there."""
    named = ((evaluation.manifest["training"].get("respelled_by"), evaluation.folder) for evaluation in evaluations)
    found = (at(written, folder / MANIFEST) for written, folder in named if written)
    return next((path for path in found if path.is_file()), None)


def _evaluations(student: Path, runs_dir: Path) -> list[Evaluation]:
    weights = weights_of(student)
    return [evaluation for folder in sorted(runs_dir.glob("*/")) if (evaluation := _evaluation(folder, weights))]


def card(student: Path, evaluations: list[Evaluation]) -> str:
    """The text of a student's card."""
    manifest = evaluations[0].manifest
    parts = [front_matter(evaluations), summary(manifest), usage(student, evaluations), training(manifest)]
    return "\n\n".join([*parts, *map(scores_of, evaluations), licence(manifest), citation(evaluations)]) + "\n"


def _evaluation(folder: Path, weights: str) -> Evaluation | None:
    ours = {path.name.removesuffix(MANIFEST): told for path, told in _trained(folder) if told["training"]["checkpoint_sha256"] == weights}
    report = folder / "report.json"
    if not ours or not report.is_file():
        return None
    # The shortest name is that of the single vector, which the others are made from.
    systems = sorted(ours, key=lambda system: (len(system), system))
    try:
        return Evaluation(json.loads(report.read_text(encoding="utf-8")), systems, ours[systems[0]], folder)
    except ValueError:
        raise InputError(f"{report}: not JSON; make it again: python -m optical_repro.compare {folder}") from None


def _trained(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The manifests of a folder's systems that have a student."""
    for path in sorted(folder.glob(f"*{MANIFEST}")):
        manifest = read(path)
        if manifest.get("training"):
            yield path, manifest
