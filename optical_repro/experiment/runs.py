"""The runs of an experiment's systems, each kept in the cache."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files import digest, sha256, whole
from ..base.registry import extension
from ..base.stages import made_by
from ..base.system_names import optical_name
from ..base.trec import Run, read_run, write_run
from .retriever import DEPTH, Search
from .systems import System

if TYPE_CHECKING:
    from .experiment import Experiment

DENSE_SHARE = 0.8
"""Weight of the dense run in the fusion with BM25; chosen on AfriQA's Hausa and Yorùbá train and dev topics."""


def run(experiment: Experiment, system: System) -> Path:
    """The run file of a system: ``run.trec`` in its stage's folder."""
    prepare = _fused if system.fused else _maxsim if system.maxsim else _plaid if system.plaid else system.kind.search
    search = prepare(experiment, system)
    collection = experiment.collection
    topics = digest(list(collection.topics.items()))
    inputs = {**search.inputs, "system": system.name, "topics": topics, "collection": collection.digest}
    if packages := extension(system.kind.search):
        inputs["packages"] = packages

    def make(folder: Path) -> None:
        write_run(folder / "run.trec", search.run(), system.name, DEPTH)

    return experiment.stages.stage(system.name, "run", inputs, make) / "run.trec"


def _maxsim(experiment: Experiment, system: System) -> Search:
    """The single-vector run, reranked by late interaction."""
    from ..retrieval.late_interaction import rerank

    texts = experiment.weighted_queries(system.retriever)
    first = run(experiment, system.dense)
    models = experiment.models
    topic_model, document_model = experiment.topic_model(system), experiment.document_model(system)

    def search() -> Run:
        in_english = system.kind.in_english
        store, documents = experiment.indexes.token_store(document_model, in_english), experiment.indexes.documents(in_english)
        return rerank(read_run(first), texts, topic_model, documents, store, device=models.device)

    identities = {"reader": models.identity(topic_model), "documents": models.identity(document_model)}
    inputs = {"search": made_by("maxsim run"), "first": sha256(first), "depth": DEPTH, **identities, "queries": digest(texts)}
    return Search(inputs, search)


def _plaid(experiment: Experiment, system: System) -> Search:
    """Late interaction over all documents."""
    from ..retrieval import token_index

    texts, in_english = experiment.weighted_queries(system.retriever), system.kind.in_english
    models, indexes = experiment.models, experiment.indexes
    topic_model, document_model = experiment.topic_model(system), experiment.document_model(system)
    flat = indexes.dense(document_model, in_english, exact=True)

    def search() -> Run:
        tokens, index = indexes.tokens(document_model, in_english)
        return token_index.search(tokens, index, flat / "faiss" / "index", texts, topic_model, k=DEPTH, device=models.device)

    identities = {"reader": models.identity(topic_model), "documents": models.identity(document_model), **indexes.identity(in_english)}
    inputs = {"search": made_by("plaid run"), "passages": flat.name, "depth": DEPTH, **identities, "queries": digest(texts)}
    return Search(inputs, search)


def _fused(experiment: Experiment, system: System) -> Search:
    """A dense run, and BM25 over the topics and their translations."""
    from ..retrieval import bm25
    from ..retrieval.fusion import fuse
    from ..retrieval.over_topics import over_topics

    first = run(experiment, system.unfused)
    collection, parameters, topics = experiment.collection, experiment.settings.bm25, experiment.topics
    queries = topics.as_they_are
    if collection.lang != collection.doc_lang:
        translations = experiment.queries(system.retriever) if system.kind.human else topics.translated
        queries = {topic: f"{text} {translations[topic]}" for topic, text in queries.items()}
    index = experiment.indexes.lexical()

    def search() -> Run:
        by_words = partial(bm25.search, index / "lucene", collection.doc_lang, k=DEPTH, bm25=parameters)
        lexical = over_topics(experiment.stages.engine, by_words, queries)
        return fuse([read_run(first), lexical], [DENSE_SHARE, 1 - DENSE_SHARE])

    inputs = {"search": made_by("fused run"), "first": sha256(first), "index": index.name, "queries": digest(queries)}
    return Search(inputs | {"share": DENSE_SHARE, "bm25": parameters}, search)


def as_loaded(experiment: Experiment, regime: str, pretrain: str) -> dict[str, float]:
    """The scores of a student as loaded from its folder, metric to mean: topics unchanged, one vector per text, no fusion."""
    from ..evaluation.metrics import evaluate
    from ..retrieval import dense

    collection, models, name = experiment.collection, experiment.models, optical_name(regime, pretrain)
    system = System(name, name)
    topic_model, index = experiment.topic_model(system), experiment.indexes.dense(experiment.document_model(system))
    inputs = {"index": index.name, "reader": models.identity(topic_model), "topics": digest(list(collection.topics.items()))}
    inputs |= {"collection": collection.digest, "qrels": digest(collection.qrels)}

    def make(folder: Path) -> None:
        hits = dense.search(index / "faiss", topic_model, collection.topics, k=DEPTH, device=models.device)
        write_run(folder / "run.trec", hits, name, DEPTH)
        scores = evaluate(collection.qrels, read_run(folder / "run.trec"))
        with whole(folder / "scores.json") as file:
            json.dump({metric: sum(values.values()) / len(values) for metric, values in scores.items()}, file)

    stage = experiment.stages.stage(f"{name} as loaded", "as-loaded", inputs, make)
    return dict(json.loads((stage / "scores.json").read_text(encoding="utf-8")))
