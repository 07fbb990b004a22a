"""BM25: with the topics unchanged, with translated topics or documents, or with all translations of each word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from ...base.files import digest
from ...base.stages import made_by
from ...collections.collection import Collection
from ..retriever import DEPTH, Retriever, Search, with_any

if TYPE_CHECKING:
    from ..experiment import Experiment
    from ..systems import System


def by_words(experiment: Experiment, system: System) -> Search:
    """BM25 over the documents, or over their translations into the topics' language."""
    from ...retrieval import bm25
    from ...retrieval.over_topics import over_topics

    collection, parameters = experiment.collection, experiment.settings.bm25
    queries = experiment.queries(system.retriever)
    over_translations = system.kind.translates == "documents"
    index = experiment.indexes.lexical(translated=over_translations)
    lang = collection.lang if over_translations else collection.doc_lang
    inputs = {"search": made_by("bm25 run"), "index": index.name, "queries": digest(queries), "bm25": parameters}
    search = partial(bm25.search, index / "lucene", lang, k=DEPTH, bm25=parameters)
    return Search(inputs, lambda: over_topics(experiment.stages.engine, search, queries))


def by_weighted_words(experiment: Experiment, system: System) -> Search:
    """Probabilistic structured queries (Darwish and Oard, SIGIR 2003): each word is searched by all its translations."""
    from ...lexicon.phrases import weighted_words
    from ...retrieval import bm25
    from ...retrieval.over_topics import over_topics

    lang, parameters = experiment.collection.doc_lang, experiment.settings.bm25
    lexicon = experiment.words.lexicon_into(lang)
    words = {topic: weighted_words(text, lexicon) for topic, text in experiment.queries(system.retriever).items()}
    index = experiment.indexes.lexical()
    inputs = {"search": made_by("bm25 run"), "index": index.name, "queries": digest(words), "bm25": parameters}
    search = partial(bm25.search_structured, index / "lucene", lang, k=DEPTH, bm25=parameters)
    return Search(inputs, lambda: over_topics(experiment.stages.engine, search, words))


def nothing_to_translate(collection: Collection) -> str | None:
    """Why a system that translates makes no sense on a collection."""
    if collection.lang != collection.doc_lang:
        return None
    return f"topics and documents are both in {collection.lang}: there is nothing to translate"


def translated(experiment: Experiment) -> Mapping[str, str]:
    """The topics in the documents' language."""
    return experiment.topics.translated


RETRIEVERS = (
    Retriever("bm25", "BM25, the topics as they are", by_words, maker="bm25 run", english=False, place=1),
    Retriever(
        "bm25-qt",
        "BM25, the topics translated",
        by_words,
        nothing_to_translate,
        queries=translated,
        maker="bm25 run",
        translates="topics",
        place=2,
    ),
    Retriever(
        "bm25-dt",
        "BM25, the documents translated into the topics' language",
        by_words,
        nothing_to_translate,
        maker="bm25 run",
        translates="documents",
        place=3,
    ),
    Retriever(
        "bm25-psq",
        "BM25, every word of a topic by all its translations",
        by_weighted_words,
        nothing_to_translate,
        maker="bm25 run",
        respelled=with_any,
        by_lexicon=True,
        place=4,
    ),
)
