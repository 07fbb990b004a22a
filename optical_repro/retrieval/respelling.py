"""Topics as a student reads them: words that neither lexicon nor documents have, read as the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..collections.collection import Collection, Passage
from ..lexicon import spelling
from ..lexicon.lexicon import Lexicon
from . import bm25 as lexical

REVISION = 1
"""To be raised with every change to which words of topics are looked for."""


def has_sense(collection: Collection) -> bool:
    """Whether topics can be respelled: those of another language over English documents, whose words can only be names there."""
    return collection.doc_lang == "en" and collection.lang != "en"


def spellings(words: Sequence[str], lexicon: Lexicon, index: Path, doc_lang: str) -> dict[str, str]:
    """For each unknown word (`spelling.unknown_words`) that has one, the nearest word of the lexicon; words in the Lucene index stay."""
    if not words:
        return {}
    found = lexical.indexed(index, doc_lang, words)
    return spelling.nearest([word for word in words if word not in found], lexicon)


def spellings_over(topics: Iterable[str], lexicon: Lexicon, passages: Iterable[Passage], doc_lang: str) -> dict[str, str]:
    """The same where there is no index: the documents are read once."""
    terms = {word: set(lexical.analyze(doc_lang, word)) for word in spelling.unknown_words(topics, lexicon)}
    sought = set().union(*terms.values())
    for passage in passages:
        if not sought:
            break
        sought -= set(lexical.analyze(doc_lang, passage.contents))
    return spelling.nearest([word for word, those in terms.items() if those <= sought], lexicon)
