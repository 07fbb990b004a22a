"""What is known of a published source of collections: how to load it, and what one must know to use and to cite it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .collection import Collection


@dataclass(frozen=True)
class Size:
    """How much there is of a source in one language and split; None where nobody has told."""

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
    """Where it comes from: an address, or ``embedded``."""
    load: Callable[[str, str | None], Collection]
    """Takes language and split."""
    on_disk: Callable[[], bool]
    """Whether something of it has been downloaded."""
    sizes: Callable[[], list[Size]] = list
    """What is known, without a download, of its sizes."""
