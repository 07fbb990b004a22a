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
"""Hits a topic in a run."""


class Search(NamedTuple):
    """A search that may be made, or found in the cache."""

    inputs: dict[str, Any]
    """All that its run depends on, besides the collection, its topics and the system's name."""
    run: Callable[[], Run]


def never(settings: Settings) -> bool:
    """Under no settings."""
    return False


def with_any(settings: Settings) -> bool:
    """Under all settings."""
    return True


def always(collection: Collection) -> str | None:
    """No reason against any collection."""
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
    """The topics as it reads them; None: as they are, or respelled."""
    texts: Callable[[Experiment, Mapping[str, str]], Mapping[str, Mapping[str, float]]] | None = None
    """A dense retriever's texts of each topic with their weights, made of its queries; None: each query alone."""
    maker: str | None = None
    """Its search among ``base.stages.MAKERS``; None for another package's."""
    dense: bool = False
    """Whether encoders read topics and documents; then ``-maxsim`` and ``+bm25`` may follow."""
    respelled: Callable[[Settings], bool] = never
    """Whether it reads topics in their own language, unknown words as the nearest known ones."""
    by_lexicon: bool = False
    """Whether it depends on the lexicon, whatever translates."""
    translates: str | None = None
    """``topics`` or ``documents``: what an engine translates for it."""
    english: bool = True
    """Whether it needs topics or documents in English, where the two are in different languages."""
    published: bool = False
    """Whether Pyserini publishes its index; settings do not bear on it."""
    human: bool = False
    """Whether it reads people's translations."""
    place: int = 100
    """In lists: small numbers come first."""
