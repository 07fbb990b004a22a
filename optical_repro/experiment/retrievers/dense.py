"""Dense retrieval by the English teacher: topics unchanged, translated once, translated many times, or translated by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...base.files import digest
from ...base.stages import made_by
from ...collections.collection import Collection
from ..retriever import DEPTH, Retriever, Search, with_any
from .bm25 import nothing_to_translate, translated

if TYPE_CHECKING:
    from ..experiment import Experiment
    from ..systems import System

PHRASE_SHARE = 0.4
"""Weight of the phrase-based translation in ``dense-nbest-phrase``: of 0, .1, .2, .3, .4, .5, .6, .8 and 1 the best mean over AfriQA's
Hausa dev, Hausa train and Yorùbá train topics (.605, .593 and .709 by MAP; ``dense-nbest``, which is 0, has .593, .590 and .671)."""


def by_vectors(experiment: Experiment, system: System) -> Search:
    """A search for the documents whose vectors are nearest to each topic's."""
    from ...retrieval import dense

    texts = experiment.weighted_queries(system.retriever)
    topic_model = experiment.topic_model(system)
    index = experiment.indexes.dense(experiment.document_model(system), system.kind.in_english)
    device, engine = experiment.models.device, experiment.stages.engine
    identity = experiment.models.identity(topic_model)
    inputs = {"search": made_by("dense run"), "index": index.name, "reader": identity, "queries": digest(texts)}
    return Search(inputs, lambda: dense.search_means(index / "faiss", topic_model, texts, k=DEPTH, device=device, engine=engine))


def many_translations(experiment: Experiment, queries: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
    """Many word-by-word translations of each topic, with their weights."""
    from ...translate.lexical import nbest

    return {topic: nbest(text, experiment.lexicon, experiment.stages.seed) for topic, text in queries.items()}


def many_and_phrases(experiment: Experiment, queries: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
    """The same with the phrase-based translation beside them."""
    many, by_phrases = many_translations(experiment, queries), experiment.topics.by_phrases
    return {topic: _mixed(many[topic], by_phrases[topic]) for topic in queries}


def _mixed(weights: Mapping[str, float], translation: str) -> dict[str, float]:
    mixed = {text: (1 - PHRASE_SHARE) * weight for text, weight in weights.items()}
    return mixed | {translation: mixed.get(translation, 0.0) + PHRASE_SHARE}


def human(experiment: Experiment) -> Mapping[str, str]:
    """People's translations of the topics."""
    return experiment.topics.human


def human_within_lexicon(experiment: Experiment) -> Mapping[str, str]:
    """People's translations, keeping only the words that the lexicon can translate."""
    return experiment.topics.within_lexicon


def in_english(experiment: Experiment) -> Mapping[str, str]:
    """The topics in English."""
    return experiment.topics.in_english


def needs_other_documents(collection: Collection) -> str | None:
    """Why documents cannot be translated into English; None if they can."""
    return "its documents are in English: there is nothing to translate" if collection.doc_lang == "en" else None


def needs_english_documents(collection: Collection) -> str | None:
    """Why the teacher cannot encode a collection's documents; None if it can."""
    return None if collection.doc_lang == "en" else f"the teacher reads English, and the documents are in {collection.doc_lang}"


def needs_translating(collection: Collection) -> str | None:
    """Why translated topics cannot be used, or make no sense; None if they can."""
    return nothing_to_translate(collection) or needs_english_documents(collection)


def needs_people(collection: Collection) -> str | None:
    """Why people's translations cannot be used; None if they can."""
    return needs_english_documents(collection) or (None if collection.human_topics else "its topics have no human translations")


RETRIEVERS = (
    Retriever("dense-zs", "the English teacher reads the topics as they are", by_vectors, maker="dense run", dense=True, place=11),
    Retriever(
        "dense-qt",
        "the teacher reads translated topics",
        by_vectors,
        needs_translating,
        queries=translated,
        maker="dense run",
        dense=True,
        translates="topics",
        place=12,
    ),
    Retriever(
        "dense-dt",
        "the teacher reads documents, and topics that are not English, translated into English",
        by_vectors,
        needs_other_documents,
        queries=in_english,
        maker="dense run",
        dense=True,
        in_english=True,
        place=12,
    ),
    Retriever(
        "dense-nbest",
        "the teacher reads many translations of a topic, made word by word: one vector, the mean of theirs",
        by_vectors,
        needs_translating,
        texts=many_translations,
        maker="dense run",
        dense=True,
        respelled=with_any,
        by_lexicon=True,
        place=13,
    ),
    Retriever(
        "dense-nbest-phrase",
        "the same with the phrase-based translation of the topic, two fifths of the mean",
        by_vectors,
        needs_translating,
        texts=many_and_phrases,
        maker="dense run",
        dense=True,
        respelled=with_any,
        by_lexicon=True,
        by_phrases=True,
        place=13,
    ),
    Retriever(
        "human",
        "the teacher reads people's translations of the topics",
        by_vectors,
        needs_people,
        queries=human,
        maker="dense run",
        dense=True,
        human=True,
        place=14,
    ),
    Retriever(
        "human-lexicon",
        "the teacher reads people's translations without the words that the lexicon has for no word of the topic",
        by_vectors,
        needs_people,
        queries=human_within_lexicon,
        maker="dense run",
        dense=True,
        by_lexicon=True,
        human=True,
        place=15,
    ),
)
