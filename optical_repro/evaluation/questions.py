"""Which pairs of systems answer which question, by the systems' names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.system_names import SystemName, optical_name, split_name
from . import significance

if TYPE_CHECKING:
    from .results import Results

IN_PLACE = ("dense-qt", "dense-nbest", "dense-nbest-phrase")
"""Systems that students are compared with, like with like: translated topics in place of the student."""

BACK_TRANSLATED = ("bt", "bt-phrase")
"""Regimes that code-switching is compared with."""


def is_ceiling(system: str) -> bool:
    """Whether a system uses people's translations, whole or in part: it is out of competition, however it is scored or fused."""
    return split_name(system).is_ceiling


def is_student(system: str) -> bool:
    """Whether a student encodes a system's topics or documents."""
    return split_name(system).is_student


def natural_baseline(names: list[str]) -> str | None:
    """The best system that translates topics or documents and then retrieves; else the best one without a student."""
    if len(names) < 2:
        return None
    competitors = [name for name in names if not is_ceiling(name)]
    translating = [name for name in competitors if split_name(name).translates]
    untrained = [name for name in competitors if not is_student(name)]
    return (translating or untrained or competitors)[0]


def telling_pairs(results: Results) -> list[significance.Comparison]:
    """The most important comparisons, by MAP: every competitor with the baseline, then the question pairs."""
    pairs = [(name, results.baseline) for name in results.systems if results.baseline and name != results.baseline and not is_ceiling(name)]
    pairs += [pair for group in question_pairs(list(results.systems)).values() for pair in group if pair not in pairs]
    return [comparison for pair in pairs if (comparison := results.comparison("map", *pair))]


def question_pairs(names: list[str]) -> dict[str, list[tuple[str, str]]]:
    """The questions that the toolkit answers, each with pairs of systems that differ only in that."""
    systems = {name: split_name(name) for name in names}
    switched = [(name, system) for name, system in systems.items() if system.regime == "cs"]
    back_translation, translation_into = (
        [(name, _with(system, optical_name(regime, system.pretrain))) for regime in regimes for name, system in switched]
        for regimes in (BACK_TRANSLATED, ("bt-en",))
    )
    pretraining = [(name, _with(system, optical_name(str(system.regime)))) for name, system in systems.items() if system.pretrain != "none"]
    translation = [(name, _with(system, baseline)) for baseline in IN_PLACE for name, system in systems.items() if system.is_student]
    questions = {
        "Code-switched against back-translated training text": back_translation,
        "Code-switched against machine-translated English": translation_into,
        "With pre-training before distillation against without": pretraining,
        "Like against like: students against the translated topics in their place": translation,
    }
    return {question: [pair for pair in pairs if pair[1] in names] for question, pairs in questions.items()}


def pairs_with(baseline: str, names: list[str]) -> list[tuple[str, str]]:
    """The baseline's pairs and the question pairs, each once."""
    pairs = [(name, baseline) for name in names if name != baseline]
    return pairs + [pair for group in question_pairs(names).values() for pair in group if baseline not in pair]


def _with(system: SystemName, retriever: str) -> str:
    """The same system with another retriever."""
    return str(system._replace(retriever=retriever))
