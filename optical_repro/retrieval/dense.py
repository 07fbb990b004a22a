"""Search over one vector per passage, with Pyserini's encoder classes, FAISS format and FaissSearcher: exact if the index is flat."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..base.errors import InputError
from ..base.trec import Run
from ..collections.collection import Passage
from ..encoders.text_encoder import TextEncoder
from ..engines.engine import Engine, Local
from . import faiss_index
from .faiss_shards import FaissShards

REVISION = 1
"""To be raised with every change to the index of the same vectors, or to the hits of the same topics."""

SHARD = 512
"""Passages encoded and written to disk at a time."""


def build_index(
    passages: Iterable[Passage],
    model: Path | str,
    folder: Path,
    *,
    device: str = "cpu",
    total: int | None = None,
    kind: str = faiss_index.FLAT,
    engine: Engine | None = None,
    bf16: bool = False,
) -> None:
    """Encodes a stream of passages into Pyserini's files ``index`` and ``docid``; the folder is complete only when this returns.

    Memory holds one shard while encoding, and at the end the index of this ``kind`` (`faiss_index`): all vectors, if it is flat.
    ``total`` is for the progress bar; ``engine`` (None: this process) encodes the shards; ``bf16`` as for ``TextEncoder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / "vectors.f32"
    dimension = 0
    with (
        raw.open("wb") as file,
        (folder / "docid").open("w", encoding="utf-8") as ids,
        tqdm(desc="encoding", unit=" passages", total=total, disable=None) as bar,
    ):

        def shards() -> Iterator[list[str]]:
            stream = iter(passages)
            while shard := list(islice(stream, SHARD)):
                ids.writelines(f"{passage.id}\n" for passage in shard)
                yield [passage.line for passage in shard]

        for vectors in (engine or Local()).map(partial(_encoder, str(model), device, bf16), shards(), device):
            vectors.tofile(file)
            dimension = vectors.shape[1]
            bar.update(len(vectors))
    if not dimension:
        raise InputError("no passages to index; expected at least one")
    _write_index(np.memmap(raw, np.float32, "r").reshape(-1, dimension), kind, folder / "index")
    raw.unlink()


def _encoder(model: str, device: str, bf16: bool) -> Callable[[Sequence[str]], np.ndarray]:
    """What makes vectors, float32 [lines, dimension], of the lines of passages: as Pyserini's class in `pyserini_encoders` does."""
    encoder = TextEncoder(model, device, bf16)
    return lambda lines: encoder.encode(encoder.as_passages(lines))


def index_again(flat: Path, folder: Path, kind: str) -> None:
    """Writes an index of another kind of the vectors in a flat one's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    index = faiss_index.read(flat / "index")
    _write_index(faiss_index.rows(index), kind, folder / "index")
    shutil.copyfile(flat / "docid", folder / "docid")


def search(folder: Path, model: Path | str, topics: Mapping[str, str], *, k: int = 1000, device: str = "cpu") -> Run:
    """The ``k`` passages with the highest cosine to each topic, which ``model`` encodes."""
    return search_means(folder, model, {topic: {text: 1.0} for topic, text in topics.items()}, k=k, device=device)


def search_means(
    folder: Path,
    model: Path | str,
    topics: Mapping[str, Mapping[str, float]],
    *,
    k: int = 1000,
    device: str = "cpu",
    engine: Engine | None = None,
) -> Run:
    """The same for topics of several weighted texts: a topic's vector is the weighted mean of theirs."""
    from .pyserini_encoders import StudentQueryEncoder

    encoder = StudentQueryEncoder(str(model), device)
    return search_vectors(folder, means(encoder.encode_batch, topics), list(topics), k=k, engine=engine)


def means(encode: Callable[[list[str]], np.ndarray], topics: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """The unit vectors of topics of weighted texts, float32 [topics, dimension]; ``encode`` makes those of queries."""
    texts = list(dict.fromkeys(text for weights in topics.values() for text in weights))
    vectors = dict(zip(texts, encode(texts), strict=True))
    sums = [sum(weight * vectors[text] for text, weight in weights.items()) for weights in topics.values()]
    return np.array([total / np.linalg.norm(total) for total in sums], np.float32)


def search_vectors(folder: Path, vectors: np.ndarray, topics: list[str], *, k: int = 1000, engine: Engine | None = None) -> Run:
    """The same for topics that are already vectors: float32 [topics, dimension]. An index that is not flat may find fewer than ``k``.

    An ``engine`` of many machines (None: this process) searches the shards of a flat index.
    """
    from . import jvm

    jvm.start()
    import torch
    from pyserini.search.faiss import FaissSearcher

    class Mapped(FaissSearcher):
        """Reads of the index only what the topics need."""

        def load_index(self, index_dir: str) -> tuple[Any, list[str]]:
            path = Path(index_dir) / "index"
            index: Any = faiss_index.read(path)
            if engine and engine.parallel and faiss_index.is_flat(index):
                index = FaissShards(path, index, engine)
            return index, self.load_docids(str(Path(index_dir) / "docid"))

    # FAISS and torch share one OpenMP: another number here would become torch's too, and change the results of training.
    hits = Mapped(str(folder), None).batch_search(vectors, topics, k=k, threads=torch.get_num_threads())
    return {topic: {hit.docid: float(hit.score) for hit in hits[topic]} for topic in topics}


class OpenIndex:
    """An open index, to ask again and again. Pyserini's FaissSearcher gives the same hits, and takes seconds to import."""

    def __init__(self, folder: Path) -> None:
        self._index = faiss_index.read(folder / "index")
        self._ids = (folder / "docid").read_text(encoding="utf-8").split("\n")[:-1]

    def nearest(self, vectors: np.ndarray, k: int) -> list[dict[str, float]]:
        """The ``k`` passages with the highest inner product with each vector, float32 [queries, dimension], best first.

        An index that is not flat may find fewer.
        """
        scores, places = self._index.search(vectors, min(k, len(self._ids)))
        return [
            {self._ids[place]: float(score) for place, score in zip(*row, strict=True) if place >= 0}
            for row in zip(places, scores, strict=True)
        ]


def _write_index(vectors: np.ndarray, kind: str, path: Path) -> None:
    """Writes float32 vectors [passages, dimension] as a FAISS inner-product index."""
    import faiss

    if kind != faiss_index.FLAT:
        faiss_index.build(vectors, kind, path)
        return
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(path))
