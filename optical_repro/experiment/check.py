"""Checks everything that an experiment needs before any work; each error is one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.errors import InputError
from ..training_text.regimes import REGIMES
from ..translate.translator import PHRASE
from .systems import System

if TYPE_CHECKING:
    from .experiment import Experiment


def check(experiment: Experiment, systems: Sequence[System]) -> None:
    """Reads everything that the systems need besides the collection. Raises InputError if something is missing or wrong."""
    check_text(experiment, systems)
    if any(system.kind.dense for system in systems):
        check_encoders(experiment, [system for system in systems if system.regime])
        experiment.indexes.check()
        _ = experiment.stages.engine
    directions = [direction for system in systems for _, direction in experiment.translations(system)]
    experiment.translation.translators.check(list(dict.fromkeys(directions)))


def check_encoders(experiment: Experiment, optical: Sequence[System]) -> None:
    """Loads teacher and base. Raises InputError if one is damaged or does not fit the students of these systems."""
    from ..distill import student
    from ..encoders import encoder

    models = experiment.models
    _ = models.device, models.base
    if not optical:
        encoder.check(models.teacher)
        return
    pretraining = {system.pretrain for system in optical} - {"none"}
    trained = any(system.regime and REGIMES[system.regime].trains for system in optical)
    extended = experiment.settings.lexical_init
    student.check(models.base, models.teacher, sorted(pretraining), trained=trained, extended=extended)


def check_text(experiment: Experiment, systems: Sequence[System]) -> None:
    """Reads the parallel text and the lexicons that the systems need. Raises InputError if something is missing or wrong."""
    collection, settings, words = experiment.collection, experiment.settings, experiment.words
    lang = collection.target
    for system in systems:
        experiment.needs.check_directions(system)
    _ = words.file_lexicons
    trained = [system for system in systems if system.learns]
    if any(system.regime for system in systems):
        _ = experiment.learnt.pairs
    for system in trained if not words.pairs else []:
        _check_without_bitext(experiment, system)
    if trained:
        settings.recipe.fitted(1, collection.doc_lang == "en")
        if settings.recipe.learns == "words" and not settings.lexical_init:
            raise InputError("--learns words: with --no-lexical-init the student gains none; use --learns embeddings")
    for system in systems if not words.pairs else []:
        if experiment.needs.phrases(system):
            what = system.name if system.kind.by_phrases else f"--translator {PHRASE}"
            raise InputError(f"{what}: needs parallel text of {lang} and English; give it with --bitext FILE")
    if any(experiment.needs.lexicon(system) for system in systems) and not words.known:
        raise InputError(f"nothing is known of the words of {lang}; give parallel text or a lexicon: --bitext FILE, --lexicon FILE")


def _check_without_bitext(experiment: Experiment, system: System) -> None:
    """Raises InputError if a student cannot be trained without parallel text."""
    lang, regime = experiment.collection.target, str(system.regime)
    learner = f"regime {regime}" if system.pretrain == "none" else f"--pretrain {system.pretrain}"
    if REGIMES[regime].needs_bitext or system.pretrain != "none" or experiment.collection.doc_lang != "en":
        raise InputError(f"{learner} needs parallel text of {lang} and English; give it with --bitext FILE")
    if not experiment.settings.lexicon:
        raise InputError(f"{learner} needs parallel text of {lang} and English, or a lexicon: --bitext FILE, --lexicon FILE")
