"""Topics a second of exact dense search to depth 1,000: optical_repro's against Pyserini's FaissSearcher, from texts and from vectors.

Same index, model, threads and hits: Pyserini's own ``AutoQueryEncoder`` and searcher on one side. From texts, both load index and model.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import measure

OURS, STOCK = "optical_repro", "Pyserini's FaissSearcher"


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "search", passages=20000, depth=1000).parse_args()

    import faiss
    import numpy as np
    import torch

    from optical_repro import collections
    from optical_repro.encoders import models
    from optical_repro.retrieval import dense, jvm

    jvm.start()
    from pyserini.encode import AutoQueryEncoder
    from pyserini.search.faiss import FaissSearcher

    model, depth, threads = models.locate(models.EMBEDDED), arguments.depth, torch.get_num_threads()
    topics = {f"{lang}-{topic}": text for lang in ("yo", "sw") for topic, text in collections.load("sample", lang).topics.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vectors = np.random.default_rng(42).normal(size=(arguments.passages, 384)).astype(np.float32)
        index = faiss.IndexFlatIP(384)
        index.add(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        faiss.write_index(index, str(folder / "index"))
        (folder / "docid").write_text("".join(f"d{number}\n" for number in range(arguments.passages)))
        runs: dict[str, object] = {}

        def from_texts() -> None:
            runs[OURS] = dense.search(folder, model, topics, k=depth)

        def from_texts_stock() -> None:
            searcher = FaissSearcher(str(folder), AutoQueryEncoder(str(model), device="cpu", pooling="mean", l2_norm=True))
            hits = searcher.batch_search(list(topics.values()), list(topics), k=depth, threads=threads)
            runs[STOCK] = {topic: {hit.docid: float(hit.score) for hit in topic_hits} for topic, topic_hits in hits.items()}

        first = measure.in_turn("search, from texts", len(topics), "topics", arguments.runs, {OURS: from_texts, STOCK: from_texts_stock})
        check(runs[OURS], runs[STOCK])

        encoder = AutoQueryEncoder(str(model), device="cpu", pooling="mean", l2_norm=True)
        queries = np.stack([encoder.encode(text) for text in topics.values()])

        def from_vectors() -> None:
            runs[OURS] = dense.search_vectors(folder, queries, list(topics), k=depth)

        def from_vectors_stock() -> None:
            hits = FaissSearcher(str(folder), None).batch_search(queries, list(topics), k=depth, threads=threads)
            runs[STOCK] = {topic: {hit.docid: float(hit.score) for hit in topic_hits} for topic, topic_hits in hits.items()}

        sides = {OURS: from_vectors, STOCK: from_vectors_stock}
        second = measure.in_turn("search, from vectors", len(topics), "topics", arguments.runs, sides)
        assert runs[OURS] == runs[STOCK]
    measure.report([first, second], [(OURS, STOCK)], arguments.json)


def check(ours: object, stock: object) -> None:
    """Asserts that both share nearly all hits, with the same scores."""
    assert isinstance(ours, dict) and isinstance(stock, dict)
    for topic, hits in ours.items():
        shared = hits.keys() & stock[topic].keys()
        assert len(shared) > 0.99 * len(hits) and max(abs(hits[document] - stock[topic][document]) for document in shared) < 1e-4


if __name__ == "__main__":
    main()
