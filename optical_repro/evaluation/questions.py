"""Which comparisons of systems answer which question, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.system_names import SystemName, optical_name, taken_apart
from . import significance

if TYPE_CHECKING:
    from .results import Results

IN_PLACE = ("dense-qt", "dense-nbest")
"""What students are compared with, like against like: the translated topics in their place."""


def is_ceiling(system: str) -> bool:
    """Whether a system reads people's translations, whole or in part, scored or fused however it be: it is out of competition."""
    return taken_apart(system).is_ceiling


def is_student(system: str) -> bool:
    """Whether a student reads a system's topics or documents."""
    return taken_apart(system).is_student


def natural_baseline(names: list[str]) -> str | None:
    """The best system that translates topics or documents and then retrieves; failing that, the best that was not trained here."""
    if len(names) < 2:
        return None
    competitors = [name for name in names if not is_ceiling(name)]
    translating = [name for name in competitors if taken_apart(name).translates]
    untrained = [name for name in competitors if not is_student(name)]
    return (translating or untrained or competitors)[0]


def telling_pairs(results: Results) -> list[significance.Comparison]:
    """The comparisons by MAP that a reader asks for first: every competitor with the baseline, then the question pairs."""
    pairs = [(name, results.baseline) for name in results.systems if results.baseline and name != results.baseline and not is_ceiling(name)]
    pairs += [pair for asked in question_pairs(list(results.systems)).values() for pair in asked if pair not in pairs]
    return [made for made in (results.comparison("map", *pair) for pair in pairs) if made]


def question_pairs(names: list[str]) -> dict[str, list[tuple[str, str]]]:
    """The questions that the toolkit is for, each with its pairs of systems that are alike in all else."""
    systems = {name: taken_apart(name) for name in names}
    switched = [(name, _with(system, optical_name("bt", system.pretrain))) for name, system in systems.items() if system.regime == "cs"]
    pretrained = [(name, _with(system, optical_name(str(system.regime)))) for name, system in systems.items() if system.pretrain != "none"]
    translated = [(name, _with(system, baseline)) for baseline in IN_PLACE for name, system in systems.items() if system.is_student]
    asked = {
        "Code-switched against back-translated training text": switched,
        "With pre-training before distillation against without": pretrained,
        "Like against like: students against the translated topics in their place": translated,
    }
    return {question: [pair for pair in pairs if pair[1] in names] for question, pairs in asked.items()}


def pairs_with(baseline: str, names: list[str]) -> list[tuple[str, str]]:
    """The baseline's pairs and the question pairs, each once."""
    pairs = [(name, baseline) for name in names if name != baseline]
    return pairs + [pair for asked in question_pairs(names).values() for pair in asked if baseline not in pair]


def _with(system: SystemName, retriever: str) -> str:
    """The same system with another retriever."""
    return str(system._replace(retriever=retriever))
