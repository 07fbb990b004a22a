"""What is searched: documents, topics and judgements, from whatever source, as one type."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..base import languages
from ..base.errors import InputError, unknown
from ..base.terminal import say
from . import clef, folder, hub, ir_datasets_source, sample
from .collection import Collection, Passage
from .source import Source

__all__ = ["SOURCES", "Collection", "Passage", "Source", "load"]

SOURCES: dict[str, Source] = {"sample": sample.SOURCE, **hub.SOURCES, **ir_datasets_source.sources(), "clef": clef.SOURCE}
"""Names for ``--collection``; a folder's path and any id of ir_datasets do as well."""


def load(source: str, lang: str, split: str | None = None) -> Collection:
    """Loads a collection by name, folder or ir_datasets id.

    ``lang`` is the language of the topics, or of the documents where the topics are English, by any of its codes; the collection
    has it by that of `languages.canonical`. ``split`` defaults to the source's own choice. Raises InputError for a source, language
    or split that is not there, and for bad data.
    """
    code = languages.canonical(lang)
    if code != lang:
        say(f"note: {lang} is {code} here ({languages.name(code)})")
    loaded = _load(source, code, split)
    sides = languages.canonical(loaded.lang), languages.canonical(loaded.doc_lang)
    return replace(loaded, location=source, lang=sides[0], doc_lang=sides[1])


def _load(source: str, lang: str, split: str | None) -> Collection:
    if named := SOURCES.get(source):
        return named.load(lang, split)
    path = Path(os.path.expanduser(source))
    if path.is_dir():
        reader = clef if clef.is_one(path) else folder
        # Its files may name the language by another code.
        written = next((code for code in reader.languages(path) if _is(code, lang)), lang)
        return reader.load(path, written, split)
    if path.exists():
        raise InputError(f"{source}: is a file; expected a folder with corpus.jsonl, topics.{lang}.test.tsv and qrels.{lang}.test.txt")
    if ir_datasets_source.known(source):
        return ir_datasets_source.load(source, lang, split)
    raise unknown("collection", source, SOURCES, "(or the path of a folder, or an id of ir_datasets)")


def _is(written: str, lang: str) -> bool:
    """Whether the code in a file's name is of the language."""
    try:
        return languages.canonical(written) == lang
    except InputError:
        return False
