"""A folder of runs, some of them a student's, and the student's record in their manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import languages
from ..base.system_names import optical_name
from ..encoders.models import EMBEDDED
from .markdown import one_line

LEXICON = "lexicon.tsv"
"""In a student's folder: the lexicon used to respell the topics of its runs, if it has one language (see `lexicon_name`)."""

THIS = "THIS MODEL"
"""Placeholder in a card for the student's folder or its name on the Hub."""

CARD = "README.md"


@dataclass(frozen=True)
class Evaluation:
    """A folder of runs, some of them a student's."""

    report: dict[str, Any]
    """The content of its report.json."""
    systems: list[str]
    """The student's systems."""
    manifest: dict[str, Any]
    """The manifest of one of them."""
    folder: Path

    @property
    def as_loaded(self) -> str:
        """The name of the row for the student as loaded from its folder."""
        training = self.manifest["training"]
        return f"{optical_name(training['regime'], training['pretrain'])}, topics as they are"

    @property
    def rows(self) -> dict[str, dict[str, float]]:
        """System to its scores (metric to value): first the student as loaded, if a run recorded that, then the runs."""
        scores = self.manifest["training"].get("as_loaded")
        return ({self.as_loaded: scores} if scores else {}) | self.report["systems"]


def model_names(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the teacher and of the encoder that the student started from."""
    teacher = manifest["arguments"].get("teacher") or EMBEDDED
    base = manifest["arguments"].get("student") or teacher
    teacher, base = (public_name(name).partition("@")[0] for name in (teacher, base))
    return teacher, base


def public_name(name: str) -> str:
    """The name of a model on the Hub unchanged; of a folder, existing or not, only the last part, since its path is private."""
    path = Path(name)
    return one_line(path.name if path.is_dir() or path.is_absolute() or name.startswith("~") else name)


def languages_of(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Codes of the topics' language and of the documents'."""
    return manifest["collection"]["lang"], manifest["collection"]["doc_lang"]


def language_of(manifest: Mapping[str, Any]) -> str:
    """Code of the student's language."""
    return languages.learnt(*languages_of(manifest))


def learnt(manifest: Mapping[str, Any]) -> list[str]:
    """Codes of all languages of the student."""
    return manifest["training"].get("languages") or [language_of(manifest)]


def learnt_names(manifest: Mapping[str, Any]) -> str:
    """``Yorùbá``; ``Hausa, Swahili and Yorùbá``."""
    *first, last = map(languages.name, learnt(manifest))
    return f"{', '.join(first)} and {last}" if first else last


def lexicon_name(manifest: Mapping[str, Any]) -> str:
    """The file in the student's folder with the lexicon that respells the topics of a run: each language has its own."""
    return of_language(language_of(manifest)) if len(learnt(manifest)) > 1 else LEXICON


def of_language(lang: str) -> str:
    """``lexicon.yo.tsv``: the lexicon of one language of a student of several."""
    name, _, ending = LEXICON.partition(".")
    return f"{name}.{lang}.{ending}"


def title(manifest: Mapping[str, Any]) -> str:
    """``optical-cs for Yorùbá``."""
    training = manifest["training"]
    return f"{optical_name(training['regime'], training['pretrain'])} for {learnt_names(manifest)}"
