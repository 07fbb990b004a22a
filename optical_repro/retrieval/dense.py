"""Exact search over one vector per passage, with Pyserini's encoder classes, flat FAISS format and FaissSearcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..base.errors import InputError
from ..base.trec import Run
from ..collections.collection import Passage

REVISION = 1
"""To be raised with every change to the index of the same vectors, or to the hits of the same topics."""

SHARD = 512
"""Passages encoded and written to disk at a time."""


def build_index(passages: Iterable[Passage], model: Path | str, folder: Path, *, device: str = "cpu", total: int | None = None) -> None:
    """Encodes a stream of passages into Pyserini's files ``index`` and ``docid``; the folder is complete only when this returns.

    Memory holds one shard while encoding, and all vectors at the end, as in search. ``total`` is for the progress bar.
    """
    from .pyserini_encoders import StudentDocumentEncoder

    encoder = StudentDocumentEncoder(str(model), device)
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / "vectors.f32"
    with (
        raw.open("wb") as vectors,
        (folder / "docid").open("w", encoding="utf-8") as ids,
        tqdm(desc="encoding", unit=" passages", total=total, disable=None) as bar,
    ):
        stream = iter(passages)
        while shard := list(islice(stream, SHARD)):
            encoder.encode([passage.line for passage in shard]).tofile(vectors)
            ids.writelines(f"{passage.id}\n" for passage in shard)
            bar.update(len(shard))
    _write_index(raw, encoder.encoder.dimension, folder / "index")
    raw.unlink()


def search(folder: Path, model: Path | str, topics: Mapping[str, str], *, k: int = 1000, device: str = "cpu") -> Run:
    """The ``k`` passages with the highest cosine to each topic, which ``model`` encodes."""
    return search_means(folder, model, {topic: {text: 1.0} for topic, text in topics.items()}, k=k, device=device)


def search_means(folder: Path, model: Path | str, topics: Mapping[str, Mapping[str, float]], *, k: int = 1000, device: str = "cpu") -> Run:
    """The same for topics of several weighted texts: a topic's vector is the weighted mean of theirs."""
    from .pyserini_encoders import StudentQueryEncoder

    texts = list(dict.fromkeys(text for weights in topics.values() for text in weights))
    vectors = dict(zip(texts, StudentQueryEncoder(str(model), device).encode_batch(texts), strict=True))
    means = [sum(weight * vectors[text] for text, weight in weights.items()) for weights in topics.values()]
    unit_means = [mean / np.linalg.norm(mean) for mean in means]
    return search_vectors(folder, np.array(unit_means, np.float32), list(topics), k=k)


def search_vectors(folder: Path, vectors: np.ndarray, topics: list[str], *, k: int = 1000) -> Run:
    """The same for topics that are already vectors: float32 [topics, dimension]."""
    from . import jvm

    jvm.start()
    import torch
    from pyserini.search.faiss import FaissSearcher

    # FAISS and torch share one OpenMP: another number here would become torch's too, and change the results of training.
    hits = FaissSearcher(str(folder), None).batch_search(vectors, topics, k=k, threads=torch.get_num_threads())
    return {topic: {hit.docid: float(hit.score) for hit in hits[topic]} for topic in topics}


class OpenIndex:
    """An index in memory, to ask again and again. Pyserini's FaissSearcher gives the same hits, and takes seconds to import."""

    def __init__(self, folder: Path) -> None:
        import faiss

        self._index = faiss.read_index(str(folder / "index"))
        self._ids = (folder / "docid").read_text(encoding="utf-8").split("\n")[:-1]

    def nearest(self, vectors: np.ndarray, k: int) -> list[dict[str, float]]:
        """The ``k`` passages with the highest inner product with each vector, float32 [queries, dimension], best first."""
        scores, places = self._index.search(vectors, min(k, len(self._ids)))
        return [{self._ids[place]: float(score) for place, score in zip(*row, strict=True)} for row in zip(places, scores, strict=True)]


def _write_index(raw: Path, dimension: int, path: Path) -> None:
    """Writes raw float32 vectors as a FAISS inner-product index."""
    import faiss

    if raw.stat().st_size == 0:
        raise InputError("no passages to index; expected at least one")
    index = faiss.IndexFlatIP(dimension)
    index.add(np.memmap(raw, np.float32, "r").reshape(-1, dimension))
    faiss.write_index(index, str(path))
