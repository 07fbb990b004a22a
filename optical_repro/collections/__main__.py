"""``python -m optical_repro.collections``: lists what ``--collection`` knows by name, and writes collections in BEIR's format."""

from __future__ import annotations

import argparse
import sys
from operator import itemgetter
from pathlib import Path

from ..base import languages
from ..base.errors import InputError
from ..base.terminal import Parser, run_command, say
from . import SOURCES, beir, load
from .source import Size

DESCRIPTION = """\
Lists the collections known by name: direction, languages, splits, documents, topics, licence, where each comes from, and whether
something of it is on disk. With --lang: those that have the language, and how much of it, split by split. With a collection,
--lang and --beir: writes that collection as a folder in BEIR's format, which other tools read.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(prog="python -m optical_repro.collections", description=DESCRIPTION)
    parser.add_argument("collection", nargs="?", help="with --beir: the collection to write, as --collection of run takes it")
    parser.add_argument("--lang", metavar="CODE", help="collections of this language alone (ISO 639: yo, sw, ha ...)")
    parser.add_argument("--split", help="with --beir: the split to write (default: as in run)")
    parser.add_argument(
        "--beir", type=Path, metavar="FOLDER", help="write corpus.jsonl, queries.jsonl and qrels/<split>.tsv into a new folder"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    if arguments.beir or arguments.collection or arguments.split:
        return run_command(lambda: export(arguments.collection, arguments.lang, arguments.split, arguments.beir))
    return run_command(lambda: show(arguments.lang))


def export(name: str | None, lang: str | None, split: str | None, folder: Path | None) -> None:
    """Writes a collection in BEIR's format; raises InputError if something is not given."""
    given = {"a collection": name, "--lang CODE": lang, "--beir FOLDER": folder}
    if missing := [what for what, value in given.items() if not value]:
        raise InputError(f"{' and '.join(missing)} missing; expected: python -m optical_repro.collections NAME --lang CODE --beir FOLDER")
    assert name and lang and folder
    collection = load(name, lang, split)
    beir.write(collection, folder)
    say(f"{folder}: {len(collection.topics):,} topics in {languages.name(collection.lang)}, split {collection.split}, in BEIR's format")


def show(lang: str | None) -> None:
    """Prints all sources, or those with a language."""
    if lang is not None:
        lang = languages.canonical(lang)
    sources = [source for source in SOURCES.values() if lang is None or not source.languages or lang in source.languages]
    for source in sources:
        say(f"{source.name}  ({source.direction}{', on disk' if source.on_disk() else ''})")
        say(f"    {source.about}")
        say(f"    --lang     {' '.join(source.languages) or 'any of its languages'}")
        say(f"    --split    {' '.join(source.splits) or 'none'}")
        sizes = [size for size in source.sizes() if lang in (None, size.lang)]
        if lang:
            for size in sizes:
                say(f"    {size.split or 'all':10} {_describe_size(size)}")
        else:
            say(f"    documents  {_describe_range(sizes, 'documents')}")
            say(f"    topics     {_describe_range(sizes, 'topics')}")
        say(f"    from       {source.origin}")
        say(f"    licence    {source.license}")
        say(f"    cite       {source.citation}")
    say("\nxx → en: topics in --lang, English documents; en → xx: English topics, documents in --lang; the first split is the default.")
    say("Also: the path of a folder (corpus.jsonl, topics.<lang>.<split>.tsv, qrels.<lang>.<split>.txt; or BEIR's files), or any id of")
    say("ir-datasets.com.")


def _describe_size(size: Size) -> str:
    documents, topics = (f"{count:,}" if count is not None else "?" for count in (size.documents, size.topics))
    return f"{documents} documents, {topics} topics"


def _describe_range(sizes: list[Size], what: str) -> str:
    """``49,043 (yo) to 32,893,221 (en)``."""
    known = sorted(((count, size) for size in sizes if (count := getattr(size, what)) is not None), key=itemgetter(0))
    if not known:
        return "counted when it is loaded"
    (low, smallest), (high, largest) = known[0], known[-1]
    return f"{low:,}" if low == high else f"{low:,} ({_label(smallest, what)}) to {high:,} ({_label(largest, what)})"


def _label(size: Size, what: str) -> str:
    return f"{size.lang} {size.split}".strip() if what == "topics" else size.lang


if __name__ == "__main__":
    sys.exit(main())
