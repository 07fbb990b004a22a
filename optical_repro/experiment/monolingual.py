"""The collection's own text in a language, for the language models of translators that are trained on the bitext."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from ..collections.collection import Collection
from ..training_text import in_domain

REVISION = 1
"""Raise it with every change to the texts of the same documents."""

DOCUMENTS = 10_000
"""The most documents that are read."""


def texts(collection: Collection, lang: str, seed: int) -> Iterator[str]:
    """The texts of the documents, or of ``DOCUMENTS`` drawn by the seed; none if they are not in the language."""
    if collection.doc_lang == lang:
        yield from in_domain.sample((passage.text for passage in collection.passages()), DOCUMENTS, random.Random(seed))


def key(collection: Collection, lang: str) -> Any:
    """What these texts depend on, besides the seed; None if there are none."""
    return collection.digest if collection.doc_lang == lang else None
