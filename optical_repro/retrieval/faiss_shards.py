"""A flat FAISS index whose shards are searched by an engine, such as by many machines, and whose hits are merged exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..engines.engine import Engine
from . import faiss_index

ROWS = 2**20
"""Vectors of a shard: a multiple of the 1,024 that FAISS compares at a time, so that sums are those of the whole index."""


class FaissShards:
    """The flat index in a file, as Pyserini's searcher needs it. A machine reads only the shards that it searches."""

    def __init__(self, path: Path, index: Any, engine: Engine) -> None:
        """``index``: the file, opened."""
        self._path, self._engine = path, engine
        self.ntotal: int = index.ntotal
        self.d: int = index.d

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As ``faiss.Index.search``: scores and places, [queries, k] each, best first.

        Where more passages than can be kept have exactly the last score, FAISS may keep others of them.
        """
        starts = range(0, self.ntotal, ROWS)
        found = np.empty((2, len(vectors), 0))  # scores and places: both fit into 64-bit numbers
        for more in self._engine.map(partial(_searcher, self._path, vectors, k), ((start, start + ROWS) for start in starts)):
            found = np.concatenate([found, more], axis=2)
            best = np.argsort(-found[0], axis=1, kind="stable")[:, :k]
            found = np.take_along_axis(found, best[None], axis=2)
        return found[0].astype(np.float32), found[1].astype(np.int64)


def _searcher(path: Path, vectors: np.ndarray, k: int) -> Callable[[tuple[int, int]], np.ndarray]:
    """What searches the shard between two rows: scores and places, float64 [2, queries, hits]."""
    import faiss

    rows = faiss_index.rows(index := faiss_index.read(path))

    def search(between: tuple[int, int]) -> np.ndarray:
        start, stop = between
        shard = rows[start:stop]
        scores, places = faiss.knn(vectors, shard, min(k, len(shard)), metric=index.metric_type)
        return np.stack([scores, places + start])

    return search
