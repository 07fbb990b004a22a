"""The embedded collection: small, written for this project, to show that everything works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..base.errors import InputError
from ..base.files import lines
from . import folder
from .collection import Collection
from .source import Size, Source

FOLDER = Path(__file__).parent.parent / "data" / "sample"


def load(lang: str, split: str | None = None) -> Collection:
    """The sample's topics in a language, with its own bitext; raises InputError for other languages."""
    langs = sorted(folder.languages(FOLDER))
    if lang not in langs:
        raise InputError(
            f"the sample has topics in {' and '.join(langs) or 'no language'}, not in {lang}; for {lang}: --collection FOLDER "
            f"--bitext FILE, with corpus.jsonl, topics.{lang}.test.tsv and qrels.{lang}.test.txt in the folder "
            f"and lines of {lang} TAB English in the file"
        )
    return replace(folder.load(FOLDER, lang, split), source="sample", bitext=(FOLDER / f"bitext.{lang}-en.tsv",))


def _size(lang: str) -> Size:
    counts = [sum(1 for _ in lines(FOLDER / name)) for name in ("corpus.jsonl", f"topics.{lang}.test.tsv")]
    return Size(lang, "test", *counts)


SOURCE = Source(
    name="sample",
    languages=tuple(sorted(folder.languages(FOLDER))),
    direction="xx → en",
    splits=("test",),
    about="embedded, with bitext; shows that everything works, no benchmark",
    license="CC0-1.0",
    citation="optical_repro",
    origin="embedded",
    load=load,
    on_disk=FOLDER.is_dir,
    sizes=lambda: [_size(lang) for lang in sorted(folder.languages(FOLDER))],
)
