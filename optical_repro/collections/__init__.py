"""What is searched: documents, topics and judgements, from whatever source, as one type."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import InputError, unknown
from . import clef, folder, hub, ir_datasets_source, sample
from .collection import Collection, Passage
from .source import Source

__all__ = ["SOURCES", "Collection", "Passage", "Source", "load"]

SOURCES: dict[str, Source] = {"sample": sample.SOURCE, **hub.SOURCES, **ir_datasets_source.sources(), "clef": clef.SOURCE}
"""Names for ``--collection``; a folder's path and any id of ir_datasets do as well."""


def load(source: str, lang: str, split: str | None = None) -> Collection:
    """Loads a collection by name, folder or ir_datasets id.

    ``lang`` (ISO 639-1) is the language of the topics, or of the documents where the topics are English. ``split``
    defaults to the source's own choice. Raises InputError for a source, language or split that is not there, and for bad data.
    """
    return replace(_load(source, lang, split), location=source)


def _load(source: str, lang: str, split: str | None) -> Collection:
    if named := SOURCES.get(source):
        return named.load(lang, split)
    path = Path(source).expanduser()
    if path.is_dir():
        return clef.load(path, lang, split) if clef.is_one(path) else folder.load(path, lang, split)
    if path.exists():
        raise InputError(f"{source}: is a file; expected a folder with corpus.jsonl, topics.{lang}.test.tsv and qrels.{lang}.test.txt")
    if ir_datasets_source.known(source):
        return ir_datasets_source.load(source, lang, split)
    raise unknown("collection", source, SOURCES, "(or the path of a folder, or an id of ir_datasets)")
