"""Collections of documents, topics and judgements, from all sources as one type."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..base import languages
from ..base.errors import InputError, unknown
from ..base.registry import from_packages
from ..base.terminal import say
from . import clef, folder, hub, ir_datasets_source, sample
from .collection import Collection, Passage
from .source import Source

__all__ = ["SOURCES", "Collection", "Passage", "Source", "load"]

SOURCES: dict[str, Source] = {"sample": sample.SOURCE, **hub.SOURCES, **ir_datasets_source.sources(), "clef": clef.SOURCE}
SOURCES |= from_packages("optical_repro.collections", Source, SOURCES)
"""Names for ``--collection``, which also takes a folder's path and any id of ir_datasets."""


def load(source: str, lang: str, split: str | None = None) -> Collection:
    """Loads a collection by name, folder or ir_datasets id.

    ``lang`` is the language of the topics, or of the documents if the topics are English, by any of its codes; the collection
    has the code of `languages.canonical`. ``split`` defaults to the source's own choice. Raises InputError for an unknown source,
    language or split, and for bad data.
    """
    code = languages.canonical(lang)
    if code != lang:
        say(f"note: {lang} is {code} here ({languages.name(code)})")
    collection = _load(source, code, split)
    codes = languages.canonical(collection.lang), languages.canonical(collection.doc_lang)
    return replace(collection, location=source, lang=codes[0], doc_lang=codes[1])


def _load(source: str, lang: str, split: str | None) -> Collection:
    if known := SOURCES.get(source):
        return known.load(lang, split)
    path = Path(os.path.expanduser(source))
    if path.is_dir():
        reader = clef if clef.is_trec_folder(path) else folder
        # The files may use another code of the language.
        own_code = next((code for code in reader.languages(path) if _is_code_of(code, lang)), lang)
        return reader.load(path, own_code, split)
    if path.exists():
        raise InputError(f"{source}: is a file; expected a folder with corpus.jsonl, topics.{lang}.test.tsv and qrels.{lang}.test.txt")
    if ir_datasets_source.is_known(source):
        return ir_datasets_source.load(source, lang, split)
    raise unknown("collection", source, SOURCES, "(or the path of a folder, or an id of ir_datasets)")


def _is_code_of(code: str, lang: str) -> bool:
    """Whether a code in a file's name is one of the language."""
    try:
        return languages.canonical(code) == lang
    except InputError:
        return False
