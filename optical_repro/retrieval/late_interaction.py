"""Exact MaxSim over tokens (Khattab and Zaharia, SIGIR 2020) for the hits of a run."""

from __future__ import annotations

import hashlib
import io
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from ..base.errors import InputError
from ..base.files import digest, sha256_once, whole
from ..base.locks import locked
from ..base.terminal import say
from ..base.trec import Run
from ..collections.collection import Passage
from ..encoders.text_encoder import TextEncoder
from ..engines.engine import Engine, Local

REVISION = 1
"""To be raised with every change to the token vectors of a passage, or to the score of the same vectors."""

SHARD = 1024
"""Passages per file of the store."""


def rerank(
    run: Run,
    topics: Mapping[str, Mapping[str, float]],
    query_model: Path | str,
    passages: Iterable[Passage],
    store: TokenStore,
    *,
    device: str = "cpu",
) -> Run:
    """Reranks the hits of each topic by the mean of the run's score and MaxSim (`mixed`).

    ``run`` holds cosines, as from ``dense.search``. A topic is one text of weight 1, or several whose weights add up to 1: MaxSim is
    then their weighted mean. Passages that are hits are added to ``store``, which every run of the same collection and document model
    can share.
    """
    hit_ids = {document for hits in run.values() for document in hits}
    store.add(passage for passage in passages if passage.id in hit_ids)

    encoder = TextEncoder(query_model, device)
    products = ThreadpoolController()  # a document's is so small that threads would only wait for each other: the same bits on one
    reranking: Run = {}
    for topic, hits in tqdm(run.items(), desc="MaxSim", unit=" topics", disable=None):
        query, shares = read_topic(encoder, topics[topic])
        with products.limit(limits=1, user_api="blas"):
            reranking[topic] = {document: mixed(score, max_sim(query, store[document], shares)) for document, score in hits.items()}
    return reranking


def mixed(cosine: Any, late: Any) -> Any:
    """The score of a passage by late interaction: half the cosine of its single vector with the topic's, half MaxSim.

    MaxSim is the mean over the topic's tokens of the highest cosine with a token of the passage, so both have the same scale.
    """
    return 0.5 * cosine + 0.5 * late


def read_topic(encoder: TextEncoder, texts: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of the tokens of a topic's texts, float32 [tokens, dimension], and their weights [tokens]; ``texts`` have weights."""
    vectors = encoder.encode_tokens(encoder.as_queries(texts))
    return np.concatenate(vectors), token_weights(vectors, list(texts.values()))


def max_sim(query: np.ndarray, document: np.ndarray, weights: np.ndarray | None = None) -> float:
    """MaxSim of a query [tokens, dimension] with a document [its tokens, dimension]: from -1 to 1.

    ``weights`` [tokens] are those of the query's tokens and add up to 1; without them, all tokens count the same.
    """
    similarities = query.astype(np.float32) @ document.astype(np.float32).T
    return float(np.average(similarities.max(axis=1), weights=weights))


def token_weights(texts: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The weight of each token of texts [tokens, dimension]: a text's weight in equal shares."""
    return np.concatenate([np.full(len(text), weight / len(text)) for text, weight in zip(texts, weights, strict=True)])


class TokenStore:
    """16-bit token vectors of passages on disk: ``store[id]`` is [tokens, dimension].

    Files ``<shard>.npy`` (vectors of many passages, one after the other) and ``<shard>.json`` (their ids and lengths, and the
    SHA-256 of the vectors), each complete or absent; a shard's name is the hash of its json. A damaged shard is removed and its
    passages are encoded again. A passage is encoded alone, so its vectors do not depend on the other candidates or their order.
    Processes that add to one store wait for each other.
    """

    def __init__(self, folder: Path, model: Path | str, device: str = "cpu", engine: Engine | None = None, bf16: bool = False) -> None:
        """Opens or creates the store of one collection's passages encoded by one model; the caller keeps a folder for each such pair.

        ``engine`` (None: this process) encodes them; ``bf16`` as for ``TextEncoder``.
        """
        self.folder, self.device, self.engine = folder, device, engine or Local()
        self._prepare = partial(_encoder, str(model), device, bf16)
        self._places: dict[str, tuple[str, int, int]] = {}
        self._mapped = lru_cache(128)(self._map)  # not all shards: of a large collection they are more files than a process may open
        self._open_shards: set[str] = set()
        self._open_all()

    def add(self, passages: Iterable[Passage]) -> None:
        """Encodes the passages that the store lacks, as a stream with one shard in memory."""
        new = (passage for passage in passages if passage.id not in self._places)
        first = next(new, None)
        if first is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / ".lock"):
            self._remove_broken()
            self._open_all()  # shards that another process has added meanwhile
            self._encode(passage for passage in chain([first], new) if passage.id not in self._places)

    def _encode(self, new: Iterator[Passage]) -> None:
        first = next(new, None)
        if first is None:
            return
        stream, read = chain([first], new), deque[Passage]()

        def batches() -> Iterator[list[str]]:
            while batch := list(islice(stream, min(64, SHARD))):
                read.extend(batch)
                yield [passage.line for passage in batch]

        vectors: list[np.ndarray] = []
        with tqdm(desc="encoding tokens", unit=" passages", disable=None) as bar:
            for batch in self.engine.map(self._prepare, batches(), self.device):
                bar.update(len(batch))
                vectors += batch
                while len(vectors) >= SHARD:
                    self._write([read.popleft() for _ in range(SHARD)], vectors[:SHARD])
                    del vectors[:SHARD]
        if vectors:
            self._write(list(read), vectors)

    def __getitem__(self, document: str) -> np.ndarray:
        try:
            name, start, end = self._places[document]
        except KeyError:
            raise InputError(f"document {document} is in the run but not in the collection; expected a run of this collection") from None
        return self._mapped(name)[start:end]

    def length(self, document: str) -> int:
        """The number of its tokens."""
        _, start, end = self._places[document]
        return end - start

    def _write(self, passages: Sequence[Passage], vectors: Sequence[np.ndarray]) -> None:
        content = io.BytesIO()
        np.save(content, np.concatenate(vectors))
        lengths = [[passage.id, len(tokens)] for passage, tokens in zip(passages, vectors, strict=True)]
        record = {"passages": lengths, "sha256": hashlib.sha256(content.getbuffer()).hexdigest()}
        name = _shard_name(record)
        with whole(self.folder / f"{name}.npy", "wb") as file:
            file.write(content.getbuffer())
        with whole(self.folder / f"{name}.json") as file:
            json.dump(record, file)
        self._open(name, record)

    def _open_all(self) -> None:
        """Opens the complete shards that are not open yet."""
        for path in sorted(self.folder.glob("*.json")):
            if path.stem not in self._open_shards and (record := self._valid_record(path)) is not None:
                self._open(path.stem, record)

    def _remove_broken(self) -> None:
        """Removes damaged shards and the leftovers of killed processes; the caller holds the lock."""
        for path in self.folder.glob("*.json"):
            if self._valid_record(path) is None:
                say(f"{path.with_suffix('.npy')}: not as it was written; its passages are encoded again")
                path.unlink()
        for path in [*self.folder.glob("*.npy"), *self.folder.glob(".*.part")]:
            if not path.with_suffix(".json").exists():
                path.unlink()

    def _valid_record(self, path: Path) -> dict[str, Any] | None:
        """The record of a shard; None where the record or its vectors are damaged."""
        try:
            record = dict(json.loads(path.read_text(encoding="utf-8")))
            checksum = sha256_once(path.with_suffix(".npy"))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return record if _shard_name(record) == path.stem and record.get("sha256") == checksum else None

    def _open(self, name: str, record: dict[str, Any]) -> None:
        self._open_shards.add(name)
        start = 0
        for document, length in record["passages"]:
            self._places[document] = (name, start, start + length)
            start += length

    def _map(self, name: str) -> np.ndarray:
        vectors: np.ndarray = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        return vectors


def _encoder(model: str, device: str, bf16: bool) -> Callable[[Sequence[str]], list[np.ndarray]]:
    """What makes the token vectors, 16-bit [tokens, dimension], of each line of passages, encoded alone."""
    encoder = TextEncoder(model, device, bf16)
    return lambda lines: [tokens.astype(np.float16) for line in encoder.as_passages(lines) for tokens in encoder.encode_tokens([line])]


def _shard_name(record: dict[str, Any]) -> str:
    """The name of a shard: the hash of its record."""
    return digest(record)[:16]
