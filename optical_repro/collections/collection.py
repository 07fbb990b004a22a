"""The one type that every source of documents, topics and judgements gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import InputError
from ..base.trec import Qrels

REVISION = 1
"""To be raised with every change to the passages that any source reads from the same files, or how their title and text are joined."""

LONGEST_NAME = 200
"""Bytes of a collection's name: the files and folders that bear it have endings, and systems allow 255."""


def wrong_name(part: str) -> str | None:
    """What keeps a text from being a part of file names, in words; None where nothing does."""
    if not re.fullmatch(r"[\w-][\w.-]*", part):
        return 'expected letters, digits, ".", "-" and "_"'
    if len(part.encode(errors="replace")) > LONGEST_NAME:
        return f"it has more than {LONGEST_NAME} bytes; give it a shorter one"
    return None


@dataclass(frozen=True)
class Passage:
    """A document to be searched."""

    id: str
    title: str
    text: str

    @property
    def contents(self) -> str:
        """Title and text, as they are indexed."""
        return f"{self.title}\n{self.text}" if self.title else self.text

    @property
    def line(self) -> str:
        """Title and text, as encoders read them, and as Pyserini's own join them."""
        return f"{self.title} {self.text}" if self.title else self.text


@dataclass(frozen=True)
class Collection:
    """Documents, topics of one language and split, and their judgements."""

    source: str
    """Its short name, the first part of the name of its runs: ``sample``, ``afriqa-gold``, ``miracl``."""
    lang: str
    """Language of the topics (ISO 639-1)."""
    doc_lang: str
    """Language of the documents."""
    split: str
    topics: dict[str, str]
    """Topic id to text, in ``lang``; judged topics only."""
    qrels: Qrels
    passages: Callable[[], Iterator[Passage]]
    """Streams the documents, from the first one at each call."""
    digest: str
    """SHA-256 that changes when the documents do."""
    human_topics: dict[str, str] | None = None
    """The same topics translated by people into ``doc_lang``, where there are any."""
    bitext: tuple[Path, ...] = field(default=())
    """Parallel text that comes with the collection."""
    license: str = ""
    citation: str = ""
    location: str = ""
    """What it was asked for by: a name, a folder's path, an id of ir_datasets."""
    both_ways: bool = False
    """Whether the documents are searched in the same split by topics in their own language too, while these topics are English."""

    def __post_init__(self) -> None:
        """Raises InputError for a name that would lead out of the folders of runs and judgements, or could not name files there."""
        for part in (self.source, self.target, self.split, self.name):
            if wrong := wrong_name(part):
                raise InputError(f'collection "{self.name}": "{part}" cannot name files: {wrong}')

    @property
    def target(self) -> str:
        """The language to be learnt: the topics', or the documents' where the topics are English."""
        return self.doc_lang if self.lang == "en" else self.lang

    @property
    def name(self) -> str:
        """``<collection>.<target>.<split>``: names its folder under runs/ and its file under qrels/.

        English topics beside those in the documents' language have a name of their own: ``<collection>.en-<target>.<split>``.
        """
        languages = f"en-{self.target}" if self.both_ways else self.target
        return f"{self.source}.{languages}.{self.split}"
