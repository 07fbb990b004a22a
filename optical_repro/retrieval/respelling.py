"""Respells topics for a student: a word in neither lexicon nor documents becomes the nearest known word."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..base.words import words
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
    return Respeller(lexicon, index, doc_lang).spellings(words) if words else {}


class Respeller:
    """Respells one topic after another: the lexicon is prepared once, the Lucene index opened once."""

    def __init__(self, lexicon: Lexicon, index: Path, doc_lang: str) -> None:
        self._lexicon, self._speller = lexicon, spelling.Speller(lexicon)
        self._index, self._doc_lang = index, doc_lang
        self._known = {word for entry in lexicon.entries for word in entry.split()}

    @functools.cached_property
    def _documents(self) -> lexical.IndexedWords:
        """Opened with the first unknown word: Java takes a second to start."""
        return lexical.IndexedWords(self._index, self._doc_lang)

    def spellings(self, words: Sequence[str]) -> dict[str, str]:
        """The nearest lexicon word for each unknown word that has one; words in the Lucene index stay as they are."""
        in_documents = self._documents.among(words) if words else set()
        return {word: known for word in words if word not in in_documents and (known := self._speller.nearest(word))}

    def respell(self, topic: str) -> str:
        """A topic with its unknown words replaced."""
        return spelling.respell(topic, self.spellings(spelling.unknown_words([topic], self._lexicon)))

    def knows_any_of(self, topic: str) -> bool:
        """Whether a word of a topic is in the lexicon or the documents."""
        topic_words = set(words(topic))
        return bool(topic_words & self._known or self._documents.among(topic_words))


def spellings_without_index(topics: Iterable[str], lexicon: Lexicon, passages: Iterable[Passage], doc_lang: str) -> dict[str, str]:
    """The same without an index: reads the documents once."""
    terms = {word: set(lexical.analyze(doc_lang, word)) for word in spelling.unknown_words(topics, lexicon)}
    missing = set().union(*terms.values())
    for passage in passages:
        if not missing:
            break
        missing -= set(lexical.analyze(doc_lang, passage.contents))
    return spelling.nearest([word for word, word_terms in terms.items() if word_terms <= missing], lexicon)
