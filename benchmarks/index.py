"""Kinds of dense index (`--index`): recall@100 against flat, size on disk, memory, and time to build and to search.

The vectors are real: sentences of the collections in $OPTICAL_DATA (or of the sample), encoded by the embedded teacher and multiplied, each
with small noise and made of length 1 again, up to --vectors. Queries are other sentences. Or, with --synthetic, they are made up: points
around random centres, written in shards, for sizes that no one would encode for this. Each index is built and searched in a process of its
own, which tells the most memory that it had without mapped files; searching is for 100 hits, by all threads.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import measure
import numpy as np

KINDS = ["flat", "SQfp16", "HNSW32", "IVF4096,PQ64"]
DEPTH = 100
NOISE = 0.3
"""Length of the noise that is added to a vector of length 1: a multiplied sentence has a cosine of about .96 with the first."""
SHARD = 65_536
CENTRES = 10_000
"""Of the synthetic vectors."""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("kinds", nargs="*", default=KINDS, metavar="SPEC", help=f"kinds of index (default: {' '.join(KINDS)})")
    add("--vectors", type=int, default=1_000_000, metavar="N", help="vectors (default: %(default)s)")
    add("--sentences", type=int, default=50_000, metavar="N", help="at most so many are encoded (default: %(default)s)")
    add("--queries", type=int, default=200, metavar="N", help="(default: %(default)s)")
    add("--synthetic", action="store_true", help="vectors around random centres")
    add("--dimension", type=int, default=384, metavar="D", help="of synthetic vectors (default: %(default)s)")
    add(
        "--folder",
        type=Path,
        metavar="DIR",
        help="for vectors, used again if they are there, and indexes (default: a temporary one)",
    )
    add("--json", type=Path, default=measure.RESULTS / "index.json", metavar="FILE", help="the results (default: benchmarks/results)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        what = write_vectors(folder, arguments)
        print(f"{what}; {arguments.queries} queries; {os.cpu_count()} cores\n")
        exact = alone(nearest, folder, arguments.vectors)
        print(f"| index | recall@{DEPTH} | size | memory, build | memory, search | build | a query |\n|---|---:|---:|---:|---:|---:|---:|")
        rows = []
        for kind in arguments.kinds:
            rows.append({"kind": kind} | alone(build, folder, arguments.vectors, kind))
            rows[-1] |= alone(search, folder, arguments.vectors, exact)
            print(line(rows[-1]), flush=True)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps({"vectors": what, "cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    sizes = " | ".join(f"{row[name] / 1e6:,.0f} MB" for name in ("size", "build memory", "search memory"))
    return f"| `{row['kind']}` | {row['recall']:.3f} | {sizes} | {row['build']:,.0f} s | {row['query'] * 1e3:,.1f} ms |"


def write_vectors(folder: Path, arguments: argparse.Namespace) -> str:
    """Writes ``vectors.f32`` and ``queries.npy``; returns what they are."""
    what = alone(_synthetic if arguments.synthetic else _real, folder, arguments)
    return str(what)


def _synthetic(folder: Path, arguments: argparse.Namespace) -> str:
    count, dimension, queries = arguments.vectors, arguments.dimension, arguments.queries
    draw = np.random.default_rng(1)
    centres = draw.normal(size=(CENTRES, dimension)).astype(np.float32)

    def shard(size: int) -> np.ndarray:
        return unit(centres[draw.integers(0, CENTRES, size)] + 0.7 * draw.normal(size=(size, dimension)).astype(np.float32))

    np.save(folder / "queries.npy", shard(queries))
    append(folder / "vectors.f32", (shard(size) for size in sizes(count)), count * dimension)
    return f"{count:,} synthetic vectors of {dimension} dimensions around {CENTRES:,} centres"


def _real(folder: Path, arguments: argparse.Namespace) -> str:
    from optical_repro.encoders import models
    from optical_repro.encoders.text_encoder import TextEncoder

    texts = sentences(arguments.sentences + arguments.queries)
    base, encoded = folder / "sentences.npy", None
    if base.exists():
        encoded = np.load(base)
    if encoded is None or len(encoded) != len(texts):
        encoded = TextEncoder(models.locate(models.EMBEDDED)).encode(texts)
        np.save(base, encoded)
    draw = np.random.default_rng(1)
    queries, encoded = encoded[: arguments.queries], encoded[arguments.queries :]
    np.save(folder / "queries.npy", queries)
    count, dimension = arguments.vectors, encoded.shape[1]

    def shard(start: int, size: int) -> np.ndarray:
        places = np.arange(start, start + size)
        noise = unit(draw.normal(size=(size, dimension)).astype(np.float32))
        first = (places < len(encoded))[:, None]
        return np.where(first, encoded[places % len(encoded)], unit(encoded[places % len(encoded)] + NOISE * noise))

    starts = range(0, count, SHARD)
    append(folder / "vectors.f32", (shard(start, size) for start, size in zip(starts, sizes(count), strict=True)), count * dimension)
    return f"{count:,} vectors of {len(encoded):,} sentences, multiplied with noise of length {NOISE}"


def sentences(count: int) -> list[str]:
    """Different sentences of the passages at hand, in an order drawn by a seed."""
    from optical_repro.collections import sample

    root = Path(os.environ.get("OPTICAL_DATA", sample.FOLDER))
    found: dict[str, None] = {}
    for path in sorted([*root.glob("corpus.jsonl"), *root.glob("*/corpus.jsonl")]):
        with path.open(encoding="utf-8") as file:
            for passage in map(json.loads, file):
                found |= dict.fromkeys(part for part in re.split(r"(?<=[.!?])\s+", passage.get("text", "")) if len(part.split()) >= 5)
    texts = list(found)
    np.random.default_rng(1).shuffle(texts)
    return texts[:count]


def sizes(count: int) -> Iterator[int]:
    """Of the shards of so many vectors."""
    return (min(SHARD, count - start) for start in range(0, count, SHARD))


def unit(vectors: np.ndarray) -> np.ndarray:
    """The same of length 1, in 32-bit."""
    lengths: np.ndarray = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / lengths).astype(np.float32)


def append(path: Path, shards: Iterator[np.ndarray], numbers: int) -> None:
    """Writes shards one after the other, unless the file is there with as many numbers."""
    if path.exists() and path.stat().st_size == 4 * numbers:
        return
    with path.open("wb") as file:
        for shard in shards:
            shard.tofile(file)


def opened(folder: Path, count: int) -> np.ndarray:
    """The vectors, mapped."""
    return np.memmap(folder / "vectors.f32", np.float32, "r").reshape(count, -1)


def nearest(folder: Path, count: int) -> list[list[int]]:
    """The true nearest neighbours of each query, found shard by shard."""
    vectors, queries = opened(folder, count), np.load(folder / "queries.npy")
    best, places = np.full((len(queries), 0), -np.inf, np.float32), np.zeros((len(queries), 0), np.int64)
    for start in range(0, count, SHARD):
        scores = queries @ vectors[start : start + SHARD].T
        best = np.concatenate([best, scores], axis=1)
        places = np.concatenate([places, np.broadcast_to(np.arange(start, start + scores.shape[1]), scores.shape)], axis=1)
        keep = np.argsort(-best, axis=1, kind="stable")[:, :DEPTH]
        best, places = np.take_along_axis(best, keep, 1), np.take_along_axis(places, keep, 1)
    return [list(map(int, row)) for row in places]


def build(folder: Path, count: int, kind: str) -> dict[str, float]:
    """Builds an index; its size in bytes, the peak memory of the process, and seconds."""
    from optical_repro.retrieval import dense

    vectors = opened(folder, count)
    with OwnMemory() as memory:
        started = time.perf_counter()
        dense._write_index(vectors, kind, folder / "index")
        seconds = time.perf_counter() - started
    return {"build": seconds, "size": (folder / "index").stat().st_size, "build memory": memory.peak}


def search(folder: Path, count: int, exact: Sequence[Sequence[int]]) -> dict[str, float]:
    """Searches it; recall, the peak memory of the process, and seconds a query, the second time."""
    from optical_repro.retrieval import faiss_index

    queries = np.load(folder / "queries.npy")
    with OwnMemory() as memory:
        index = faiss_index.read(folder / "index")
        index.search(queries, DEPTH)
        started = time.perf_counter()
        _, places = index.search(queries, DEPTH)
        seconds = (time.perf_counter() - started) / len(queries)
    recall = float(np.mean([len({*ours} & {*theirs}) / len(theirs) for ours, theirs in zip(places.tolist(), exact, strict=True)]))
    return {"recall": recall, "query": seconds, "search memory": memory.peak}


class OwnMemory:
    """The most memory that this process has of its own meanwhile, in bytes: without mapped files, which the system can drop at will."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.is_set():
            [kilobytes] = (row.split()[1] for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("RssAnon"))
            self.peak = max(self.peak, 1024 * int(kilobytes))
            self._over.wait(0.02)

    def __enter__(self) -> OwnMemory:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()


def alone(function: Any, *arguments: Any) -> Any:
    """A call in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


if __name__ == "__main__":
    main()
