"""Late interaction over all passages of a collection, not only over the hits of another search, with the same scores.

A small collection is scored whole. In a large one, a FAISS index of the tokens of all passages gives the nearest tokens of each token of a
topic, and with them candidates (as ColBERT searches: Khattab and Zaharia, SIGIR 2020). What the index knows of their tokens ranks the
candidates, and the best of them are scored exactly: the steps of PLAID (Santhanam and others, CIKM 2022), without its engine, whose
packages need other versions of torch than ours. The nearest passages by single vectors are candidates too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from ..base.errors import InputError
from ..base.trec import Run
from ..encoders.text_encoder import TextEncoder
from . import dense, faiss_index
from .late_interaction import TokenStore, mixed, read_topic

REVISION = 2
"""To be raised with every change to the index of the same tokens, or to the hits of the same topics."""

SCORED_WHOLE = 16_000_000
"""Up to so many tokens, all passages are scored, without an index: some hundred thousand passages of 150 tokens."""

NEIGHBOURS = 1024
"""Nearest tokens of each token of a topic."""

CANDIDATES = 4096
"""Passages of a topic, the best by the index of tokens, that are scored exactly."""

PROBES = 32
"""Lists of the index that are searched for each token."""

PASSAGES = 256
"""Passages scored at a time."""

TOPICS = 128
"""Topics for which the tokens of a collection are read once, where it is scored whole."""


class Query(NamedTuple):
    """A topic's vectors, float32."""

    single: np.ndarray
    """[dimension], of length 1."""
    tokens: np.ndarray
    """[tokens, dimension]."""
    weights: np.ndarray
    """[tokens], which add up to 1."""


class Tokens:
    """The token vectors of passages, one passage after the other in their order, read from a store where they are needed.

    ``tokens[start:end]`` and ``tokens[[row, ...]]``, in ascending order, are rows, float32 [rows, dimension]; ``shape`` is that of all.
    """

    def __init__(self, passages: Iterable[str], store: TokenStore) -> None:
        """``passages``: ids, each in the store. Raises InputError if there are none."""
        self.ids, self._store = list(passages), store
        if not self.ids:
            raise InputError("no passages to index; expected at least one")
        self._starts = np.cumsum([0, *map(store.length, self.ids)])
        self.shape = (int(self._starts[-1]), store[self.ids[0]].shape[1])

    def of(self, places: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The tokens of the passages at these places, float32 [tokens, dimension], and where each passage starts among them."""
        vectors = [self._store[self.ids[place]] for place in places]
        return np.concatenate(vectors).astype(np.float32), np.cumsum([0, *map(len, vectors[:-1])])

    def owners(self, rows: np.ndarray) -> np.ndarray:
        """The places of the passages that rows belong to, in the rows' shape."""
        return np.searchsorted(self._starts, rows, "right") - 1

    def __getitem__(self, rows: slice | Sequence[int]) -> np.ndarray:
        wanted = np.arange(*rows.indices(self.shape[0])) if isinstance(rows, slice) else np.asarray(rows)
        places, firsts = np.unique(self.owners(wanted), return_index=True)
        parts = np.split(wanted, firsts[1:])
        vectors = [self._store[self.ids[place]][part - self._starts[place]] for place, part in zip(places, parts, strict=True)]
        return np.concatenate(vectors).astype(np.float32)


def kind(shape: tuple[int, int]) -> str | None:
    """The kind of index (`faiss_index`) for so many tokens of a dimension: None, for no index, if they are few.

    >>> kind((700_000, 384)), kind((80_000_000, 384))
    (None, 'IVF8192,PQ48,nprobe=32')
    """
    return None if shape[0] <= SCORED_WHOLE else large(shape)


def large(shape: tuple[int, int]) -> str:
    """The kind that has as many lists as the square root of the tokens, rounded to a power of two, and a byte for eight dimensions."""
    tokens, dimension = shape
    codes = "SQ8" if dimension % 8 else f"PQ{dimension // 8}"
    return f"IVF{2 ** round(math.log2(tokens) / 2)},{codes},nprobe={PROBES}"


def search(
    tokens: Tokens,
    index: Path | None,
    flat: Path,
    topics: Mapping[str, Mapping[str, float]],
    model: Path | str,
    *,
    k: int = 1000,
    device: str = "cpu",
) -> Run:
    """The ``k`` passages of the highest score by late interaction (``late_interaction.mixed``) with each topic, which ``model`` encodes.

    ``index``: a FAISS index of the tokens, in their order, whose candidates are scored; None: all passages are. ``flat``: the flat FAISS
    index of the passages, in the same order. A topic has one text of weight 1, or several whose weights add up to 1.
    """
    encoder = TextEncoder(model, device)
    singles = dense.means(lambda texts: encoder.encode(encoder.as_queries(texts)), topics)
    queries = {topic: Query(single, *read_topic(encoder, topics[topic])) for topic, single in zip(topics, singles, strict=True)}
    return search_vectors(tokens, index, flat, queries, k=k)


def search_vectors(tokens: Tokens, index: Path | None, flat: Path, queries: Mapping[str, Query], *, k: int = 1000) -> Run:
    """The same for topics that are already vectors."""
    opened = faiss_index.read(flat)
    passages = faiss_index.rows(opened)
    if index is None:
        return _everything(tokens, passages, queries, k)
    _, nearest = opened.search(np.stack([query.single for query in queries.values()]), min(k, len(passages)))
    of_tokens = faiss_index.read(index)
    run: Run = {}
    for (topic, query), near in tqdm(
        zip(queries.items(), nearest, strict=True), "late interaction", len(queries), unit=" topics", disable=None
    ):
        places = sorted({*candidates(of_tokens, tokens, passages, query), *near.tolist()})
        parts = [places[start : start + PASSAGES] for start in range(0, len(places), PASSAGES)]
        scores = np.concatenate([_scores(query, passages[part], *tokens.of(part)) for part in parts])
        run[topic] = _best(tokens, places, scores, k)
    return run


def candidates(index: Any, tokens: Tokens, passages: np.ndarray, query: Query) -> list[int]:
    """The places of the passages that are the best for a topic by what the index of tokens finds.

    A token of the topic counts for a passage as the nearest of the passage's tokens that the index finds, or where it finds none, as the
    farthest of all that it finds (Lee and others, NeurIPS 2023).
    """
    similarities, rows = index.search(query.tokens, min(NEIGHBOURS, tokens.shape[0]))
    places, columns = np.unique(tokens.owners(rows[rows >= 0]), return_inverse=True)
    row_of = np.nonzero(rows >= 0)[0]
    scores = np.zeros(len(places))
    for row, weight in enumerate(query.weights):
        found, owners = similarities[row][rows[row] >= 0], columns[row_of == row]
        if len(found):
            nearest = np.full(len(places), found.min())
            np.maximum.at(nearest, owners, found)
            scores += weight * nearest
    scores = mixed(passages[places] @ query.single, scores)
    best: list[int] = places[np.argsort(-scores, kind="stable")[:CANDIDATES]].tolist()
    return best


def _everything(tokens: Tokens, passages: np.ndarray, queries: Mapping[str, Query], k: int) -> Run:
    """The best of all passages."""
    run: Run = {}
    everywhere, names = range(len(tokens.ids)), list(queries)
    with tqdm(desc="late interaction", unit=" topics", total=len(names), disable=None) as bar:
        for first in range(0, len(names), TOPICS):
            group = names[first : first + TOPICS]
            scores = np.empty((len(group), len(everywhere)), np.float32)
            for start in range(0, len(everywhere), PASSAGES):
                part = everywhere[start : start + PASSAGES]
                vectors, starts = tokens.of(part)
                for row, topic in enumerate(group):
                    scores[row, part.start : part.stop] = _scores(queries[topic], passages[part.start : part.stop], vectors, starts)
            run |= {topic: _best(tokens, everywhere, row, k) for topic, row in zip(group, scores, strict=True)}
            bar.update(len(group))
    return run


def _scores(query: Query, passages: np.ndarray, tokens: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The scores of a topic with some passages [passages, dimension], whose tokens [tokens, dimension] begin at these places."""
    late = query.weights @ np.maximum.reduceat(query.tokens @ tokens.T, starts, axis=1)
    scores: np.ndarray = mixed(passages @ query.single, late)
    return scores


def _best(tokens: Tokens, places: Sequence[int], scores: np.ndarray, k: int) -> dict[str, float]:
    """The ``k`` best of the passages at some places: id to score."""
    return {tokens.ids[places[row]]: float(scores[row]) for row in np.argsort(-scores, kind="stable")[:k].tolist()}
