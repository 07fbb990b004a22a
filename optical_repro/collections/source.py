"""Sources of collections: how to load them, with the facts needed to use and cite them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .collection import Collection


@dataclass(frozen=True)
class Size:
    """The size of a source in one language and split; None if unknown."""

    lang: str
    split: str
    documents: int | None
    topics: int | None


@dataclass(frozen=True)
class Source:
    """A name for ``--collection``."""

    name: str
    languages: tuple[str, ...]
    """Values of ``--lang``; empty: see ``about``."""
    direction: str
    """Languages of topics and documents: ``xx → en``."""
    splits: tuple[str, ...]
    """Values of ``--split``, the default first."""
    about: str
    license: str
    citation: str
    origin: str
    """An address, or ``embedded``."""
    load: Callable[[str, str | None], Collection]
    """Takes language and split."""
    on_disk: Callable[[], bool]
    """Whether any of it has been downloaded."""
    sizes: Callable[[], list[Size]] = list
    """Its sizes, as far as they are known without a download."""
