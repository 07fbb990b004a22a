"""MaxSim over tokens (Khattab and Zaharia, SIGIR 2020), exact, over the hits of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..collections.collection import Passage
from ..errors import InputError
from ..files import whole
from ..trec import Run
from .text_encoder import TextEncoder

REVISION = 1
"""To be raised with every change to the token vectors of a passage, or what the same vectors score."""

SHARD = 1024
"""Passages a file of the store."""


def rerank(
    run: Run,
    topics: Mapping[str, Mapping[str, float]],
    query_model: Path | str,
    passages: Iterable[Passage],
    store: TokenStore,
    *,
    weight: float = 0.5,
    device: str = "cpu",
) -> Run:
    """Orders the hits of each topic anew, by (1 - weight) * the run's score + weight * MaxSim.

    ``run`` holds cosines, as ``dense.search`` gives them; MaxSim is the mean over the topic's tokens of the highest cosine with a
    token of the passage, so both have one scale. A topic is one text of weight 1, or several whose weights add up to 1: MaxSim is
    their weighted mean then. Passages that are hits are added to ``store``, which every run of the same collection and document
    model can share.
    """
    wanted = {document for hits in run.values() for document in hits}
    store.add(passage for passage in passages if passage.id in wanted)

    encoder = TextEncoder(query_model, device)
    prefix = encoder.convention.query_prefix
    reranked: Run = {}
    for topic, hits in tqdm(run.items(), desc="MaxSim", unit=" topics", disable=None):
        texts = encoder.encode_tokens([prefix + text for text in topics[topic]])
        query, shares = np.concatenate(texts), token_weights(texts, list(topics[topic].values()))
        reranked[topic] = {
            document: (1 - weight) * score + weight * max_sim(query, store[document], shares) for document, score in hits.items()
        }
    return reranked


def max_sim(query: np.ndarray, document: np.ndarray, weights: np.ndarray | None = None) -> float:
    """MaxSim of a query [tokens, dimension] with a document [its tokens, dimension]: from -1 to 1.

    ``weights`` are of the query's tokens, [tokens], and add up to 1; without them, all tokens are alike.
    """
    similarities = query.astype(np.float32) @ document.astype(np.float32).T
    return float(np.average(similarities.max(axis=1), weights=weights))


def token_weights(texts: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The weight of each token of texts [tokens, dimension]: a text's weight in equal shares."""
    return np.concatenate([np.full(len(text), weight / len(text)) for text, weight in zip(texts, weights, strict=True)])


class TokenStore:
    """Token vectors of passages on disk, in 16-bit: ``store[id]`` is [tokens, dimension].

    Files ``<n>.npy`` (vectors of many passages, one after the other) and ``<n>.json`` (their ids and lengths), each complete or
    absent. A passage is encoded alone, so its vectors do not depend on which others were candidates, or in which order.
    """

    def __init__(self, folder: Path, model: Path | str, device: str = "cpu") -> None:
        """Opens or begins the store of a collection's passages as encoded by a model; the caller keeps a folder for each such pair."""
        self.folder, self.model, self.device = folder, model, device
        folder.mkdir(parents=True, exist_ok=True)
        self._places: dict[str, tuple[int, int, int]] = {}
        self._shards: list[np.ndarray] = []
        while (folder / f"{len(self._shards)}.json").exists():
            self._open(len(self._shards))

    def add(self, passages: Iterable[Passage]) -> None:
        """Encodes those that are not there yet; streaming, one shard in memory."""
        new = (passage for passage in passages if passage.id not in self._places)
        first = next(new, None)
        if first is None:
            return
        encoder = TextEncoder(self.model, self.device)
        prefix = encoder.convention.passage_prefix
        with tqdm(desc="encoding tokens", unit=" passages", disable=None) as bar:
            shard = [first, *islice(new, SHARD - 1)]
            while shard:
                vectors = []
                for passage in shard:
                    vectors += [tokens.astype(np.float16) for tokens in encoder.encode_tokens([prefix + passage.line])]
                    bar.update()
                number = len(self._shards)
                with whole(self.folder / f"{number}.npy", "wb") as file:
                    np.save(file, np.concatenate(vectors))
                with whole(self.folder / f"{number}.json") as file:
                    json.dump([(passage.id, len(tokens)) for passage, tokens in zip(shard, vectors, strict=True)], file)
                self._open(number)
                shard = list(islice(new, SHARD))

    def __getitem__(self, document: str) -> np.ndarray:
        try:
            shard, start, end = self._places[document]
        except KeyError:
            raise InputError(f"document {document} is in the run but not in the collection; expected a run of this collection") from None
        return self._shards[shard][start:end]

    def _open(self, number: int) -> None:
        self._shards.append(np.load(self.folder / f"{number}.npy", mmap_mode="r"))
        start = 0
        for document, length in json.loads((self.folder / f"{number}.json").read_text(encoding="utf-8")):
            self._places[document] = (number, start, start + length)
            start += length
