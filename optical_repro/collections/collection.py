"""The type of all collections: documents, topics and judgements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..base import languages
from ..base.errors import InputError
from ..base.trec import Qrels

REVISION = 1
"""Raise it with every change to the passages that a source reads from the same files, or to how title and text are joined."""

LONGEST_NAME = 200
"""The most bytes in a collection's name: file systems allow 255, and names of files add endings to it."""


def wrong_name(part: str) -> str | None:
    """Why a text cannot be a part of file names; None if it can."""
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
        """Title and text, as encoders read them, joined as Pyserini's encoders do."""
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
    """Yields the documents; each call starts from the first one."""
    digest: str
    """SHA-256 that changes when the documents do."""
    human_topics: dict[str, str] | None = None
    """The same topics translated by people into ``doc_lang``, if there are any."""
    bitext: tuple[Path, ...] = field(default=())
    """Parallel text that is part of the collection."""
    license: str = ""
    citation: str = ""
    location: str = ""
    """The value of ``--collection``: a name, a folder's path, an id of ir_datasets."""
    left_out: int = 0
    """Topics that have no judgement, which are not in ``topics``."""
    both_ways: bool = False
    """Whether the topics are English and the split also has topics in the documents' language."""

    def __post_init__(self) -> None:
        """Raises InputError for a name that cannot name files, or leads out of the folders of runs and judgements."""
        for part in (self.source, self.target, self.split, self.name):
            if wrong := wrong_name(part):
                raise InputError(f'collection "{self.name}": "{part}" cannot name files: {wrong}')

    @property
    def target(self) -> str:
        """The language to learn: that of the topics, or of the documents if the topics are English."""
        return languages.learnt(self.lang, self.doc_lang)

    @property
    def name(self) -> str:
        """``<collection>.<target>.<split>``: the name of its folder under runs/ and its file under qrels/.

        If there are topics in the documents' language too, English topics have the name ``<collection>.en-<target>.<split>``.
        """
        languages = f"en-{self.target}" if self.both_ways else self.target
        return f"{self.source}.{languages}.{self.split}"
