"""A flat index in shards: the scores of the whole one, to the bit."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest
import tiny

from optical_repro.engines.engine import Local
from optical_repro.retrieval import dense, faiss_shards

DIMENSION, COUNT = 48, 5000


class Machines(Local):
    """This process, as if it were many."""

    parallel = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unit vectors of which many are the same: the last 600, and every third of the others again somewhere else."""
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(COUNT, DIMENSION)).astype(np.float32)
    vectors[1:4000:3] = vectors[chance.permutation(np.arange(0, 4000, 3))[: len(vectors[1:4000:3])]]
    vectors[-600:] = vectors[-1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return tiny.flat_index(vectors, tmp_path_factory.mktemp("flat"))


@pytest.mark.parametrize("k", [1, 10, 1000, COUNT])
@pytest.mark.parametrize("queries", [1, 19, 20, 64])
def test_hits_are_those_of_the_whole_index(queries: int, k: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_shards, "ROWS", 1024)
    vectors = np.random.default_rng(2).normal(size=(queries, DIMENSION)).astype(np.float32)
    vectors[0] = faiss.read_index(str(folder / "index")).reconstruct(COUNT - 1)  # 600 best hits of one score
    names = [str(number) for number in range(queries)]
    every = dense.search_vectors(folder, vectors, names, k=COUNT)
    whole = dense.search_vectors(folder, vectors, names, k=k)
    shards = dense.search_vectors(folder, vectors, names, k=k, engine=Machines())
    for name in names:
        assert list(shards[name].values()) == list(whole[name].values())
        last = min(whole[name].values())
        best = {hit: score for hit, score in whole[name].items() if score > last}
        assert shards[name].items() >= best.items() and shards[name].items() <= every[name].items()


def test_another_kind_of_index_is_searched_whole(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dense.index_again(folder, tmp_path, "SQfp16")
    monkeypatch.setattr(dense, "FaissShards", None)
    vectors = np.ones((2, DIMENSION), np.float32)
    assert dense.search_vectors(tmp_path, vectors, ["a", "b"], engine=Machines()) == dense.search_vectors(tmp_path, vectors, ["a", "b"])
