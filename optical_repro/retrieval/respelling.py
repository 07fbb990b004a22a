"""Respells topics for a student: a word in neither lexicon nor documents becomes the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..collections.collection import Collection, Passage
from ..lexicon import spelling
from ..lexicon.lexicon import Lexicon
from . import bm25 as lexical

REVISION = 1
"""To be raised with every change to which topic words are respelled."""


def applies_to(collection: Collection) -> bool:
    """Whether topics can be respelled: not English, over English documents, where their words can only be names."""
    return collection.doc_lang == "en" and collection.lang != "en"


def spellings(words: Sequence[str], lexicon: Lexicon, index: Path, doc_lang: str) -> dict[str, str]:
    """The nearest lexicon word for each unknown word that has one; words in the Lucene index stay as they are."""
    if not words:
        return {}
    in_documents = lexical.indexed_words(index, doc_lang, words)
    return spelling.nearest([word for word in words if word not in in_documents], lexicon)


def spellings_without_index(topics: Iterable[str], lexicon: Lexicon, passages: Iterable[Passage], doc_lang: str) -> dict[str, str]:
    """The same without an index: reads the documents once."""
    terms = {word: set(lexical.analyze(doc_lang, word)) for word in spelling.unknown_words(topics, lexicon)}
    missing = set().union(*terms.values())
    for passage in passages:
        if not missing:
            break
        missing -= set(lexical.analyze(doc_lang, passage.contents))
    return spelling.nearest([word for word, word_terms in terms.items() if word_terms <= missing], lexicon)
