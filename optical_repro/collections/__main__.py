"""``python -m optical_repro.collections``: lists what ``--collection`` knows by name."""

from __future__ import annotations

import argparse
import sys
from operator import itemgetter

from ..base import languages
from ..base.terminal import Parser, run_command, say
from . import SOURCES
from .source import Size

DESCRIPTION = """\
Lists the collections known by name: direction, languages, splits, documents, topics, licence, where each comes from, and whether
something of it is on disk. With --lang: those that have the language, and how much of it, split by split.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(prog="python -m optical_repro.collections", description=DESCRIPTION)
    parser.add_argument("--lang", metavar="CODE", help="collections of this language alone (ISO 639: yo, sw, ha ...)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: show(arguments.lang))


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
    say("Also: the path of a folder (corpus.jsonl, topics.<lang>.<split>.tsv, qrels.<lang>.<split>.txt), or any id of ir-datasets.com.")


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
