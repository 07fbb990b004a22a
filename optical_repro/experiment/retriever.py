"""A retriever: what a system's name begins with, what it needs, and how it searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.trec import Run
from ..collections.collection import Collection
from .settings import Settings

if TYPE_CHECKING:
    from .experiment import Experiment
    from .systems import System

DEPTH = 1000
"""Hits per topic in a run."""


class Search(NamedTuple):
    """A search to run, unless the cache has its run."""

    inputs: dict[str, Any]
    """Everything that its run depends on, besides the collection, its topics and the system's name."""
    run: Callable[[], Run]


def never(settings: Settings) -> bool:
    """Under no settings."""
    return False


def with_any(settings: Settings) -> bool:
    """Under all settings."""
    return True


def always(collection: Collection) -> str | None:
    """None: the retriever makes sense on every collection."""
    return None


@dataclass(frozen=True)
class Retriever:
    """The first part of a system's name."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    search: Callable[[Experiment, System], Search]
    why_not: Callable[[Collection], str | None] = always
    """Why it makes no sense on a collection; None if it does."""
    queries: Callable[[Experiment], Mapping[str, str]] | None = None
    """Its queries, by topic; None: the topics unchanged, or respelled."""
    texts: Callable[[Experiment, Mapping[str, str]], Mapping[str, Mapping[str, float]]] | None = None
    """A dense retriever's texts for each topic with their weights, made from its queries; None: each query alone."""
    maker: str | None = None
    """The name of its search in ``base.stages.MAKERS``; None for another package's."""
    dense: bool = False
    """Whether it encodes topics and documents; then ``-maxsim`` or ``-plaid``, and ``+bm25``, may follow its name."""
    respelled: Callable[[Settings], bool] = never
    """Whether it replaces unknown words of untranslated topics by the nearest known words."""
    by_lexicon: bool = False
    """Whether it depends on the lexicon, whatever the translator."""
    by_phrases: bool = False
    """Whether the phrase-based translator translates for it, whatever the translator."""
    in_english: bool = False
    """Whether the engine translates documents, and topics that are not English, into English for it."""
    translates: str | None = None
    """``topics`` or ``documents``: what the translator translates for it."""
    english: bool = True
    """Whether it needs topics or documents in English, where the two are in different languages."""
    published: bool = False
    """Whether Pyserini publishes its index; settings do not affect it."""
    human: bool = False
    """Whether it uses people's translations."""
    place: int = 100
    """In lists: small numbers come first."""
