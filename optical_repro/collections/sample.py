"""The embedded collection: small, written for this project, to show on any machine that everything works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from . import folder
from .collection import Collection

FOLDER = Path(__file__).parent.parent / "data" / "sample"


def load(lang: str, split: str | None = None) -> Collection:
    """The sample's topics in a language, with its own bitext; raises InputError for a language that it does not have."""
    has = sorted(folder.languages(FOLDER))
    if lang not in has:
        raise InputError(
            f"the sample has topics in {' and '.join(has) or 'no language'}, not in {lang}; for {lang} name a collection and parallel text: "
            f"--collection FOLDER --bitext FILE (FOLDER: corpus.jsonl, topics.{lang}.test.tsv, qrels.{lang}.test.txt; FILE: {lang} TAB English)"
        )
    return replace(folder.load(FOLDER, lang, split), source="sample", bitext=(FOLDER / f"bitext.{lang}-en.tsv",))
