"""FAISS indexes of unit vectors: flat, which is exact, or of any kind that FAISS's factory makes, which is smaller or faster.

A kind is a factory string, such as ``SQfp16``, ``HNSW32`` or ``IVF4096,PQ64``, with search parameters after it if their defaults do not
suit: ``IVF4096,PQ64,nprobe=128``. The index file keeps the parameters, so that whatever reads the file searches by them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..base.errors import InputError

if TYPE_CHECKING:
    import numpy as np

REVISION = 2
"""To be raised with every change to an index of the same kind of the same vectors; flat ones belong to `dense`."""

FLAT = "flat"
"""The kind that keeps the vectors as they are and compares a query with all of them."""

PER_CENTROID, AT_LEAST = 64, 65_536
"""Vectors that an index is trained on: so many for each list or centroid, and no fewer than these if there are as many."""

SEED = 42
"""Of their choice."""

SHARD = 65_536
"""Vectors added at a time."""

LISTS_SHARE, LISTS_LEAST = 16, 16
"""An IVF index searches one list in so many, and at least so many, unless ``nprobe`` says otherwise."""

EF_SEARCH = 128
"""Candidates that an HNSW index keeps unless ``efSearch`` says otherwise; never fewer than the hits asked for."""

KNOWN = "a FAISS factory string, such as SQfp16, HNSW32 or IVF4096,PQ64, or flat"


class Rows(Protocol):
    """An array [rows, dimension], or what reads one in parts: ``rows[start:end]``, ``rows[[row, ...]]``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimension."""

    def __getitem__(self, rows: Any, /) -> np.ndarray: ...


def check(kind: str, dimension: int, count: int) -> None:
    """Raises InputError for a kind that cannot be made of so many vectors of this dimension."""
    if kind == FLAT:
        return
    needed = fewest(kind, dimension)
    if needed < 1:
        raise InputError(f"--index {kind}: an index of no lists; expected {KNOWN}")
    if count < needed:
        raise InputError(f"--index {kind}: needs at least {needed:,} passages, and there are {count:,}; take fewer lists, or flat")


def fewest(kind: str, dimension: int) -> int:
    """The number of vectors without which a kind of index cannot be trained: that of its lists or centroids."""
    return _centroids(_empty(kind, dimension))


def build(vectors: Rows, kind: str, path: Path) -> None:
    """Writes the index of a kind: trained on a sample of the vectors, float32 [passages, dimension], which are then added in shards.

    Only these parts of ``vectors`` are read: they need not be in memory. The same vectors give the same file. Raises InputError for a kind
    that does not suit them.
    """
    import faiss
    import numpy as np

    count, dimension = vectors.shape
    check(kind, dimension, count)
    index = _empty(kind, dimension)
    size = min(count, max(AT_LEAST, PER_CENTROID * _centroids(index)))
    sample = sorted(random.Random(SEED).sample(range(count), size))
    with _repeatable(kind), _told(kind):
        if not index.is_trained:
            index.train(np.ascontiguousarray(vectors[sample]))
        for start in range(0, count, SHARD):
            index.add(np.ascontiguousarray(vectors[start : start + SHARD]))
    faiss.write_index(index, str(path))


def read(path: Path) -> Any:
    """The index in a file, mapped into memory: parts that no query needs are not read."""
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def is_flat(index: Any) -> bool:
    """Whether an index is exact and keeps its vectors as they are."""
    import faiss

    return isinstance(index, faiss.IndexFlat)


def rows(index: Any) -> np.ndarray:
    """The vectors of a flat index as they were added, float32 [passages, dimension]: a view of it. Raises TypeError for other kinds."""
    import faiss

    if not is_flat(index):
        raise TypeError(f"{type(index).__name__}: keeps no exact vectors")
    vectors: np.ndarray = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)
    return vectors


def _empty(kind: str, dimension: int) -> Any:
    """An index without vectors, with its search parameters. Raises InputError for an unknown kind or parameter."""
    import faiss

    parts = kind.split(",")
    factory = ",".join(part for part in parts if "=" not in part)
    with _told(kind):
        index = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    for part in _parts(index):
        # FAISS would number codes anew for a filter that nobody here uses, which takes eight times as long as the rest of the training,
        # and print that more vectors would be better.
        if hasattr(part, "do_polysemous_training"):
            part.do_polysemous_training = False
        for clustering in (getattr(part, "cp", None), part.pq.cp if hasattr(part, "pq") else None):
            if clustering is not None:
                clustering.min_points_per_centroid = 1
    space: Any = faiss.ParameterSpace()
    space.initialize(index)
    known = [space.parameter_ranges.at(place).name for place in range(space.parameter_ranges.size())]
    defaults = {"efSearch": EF_SEARCH}
    if inverted := faiss.try_extract_index_ivf(index):
        defaults["nprobe"] = min(inverted.nlist, max(LISTS_LEAST, inverted.nlist // LISTS_SHARE))
    given = [part for part in parts if "=" in part]
    for parameter in [f"{name}={value}" for name, value in defaults.items() if name in known] + given:
        with _told(kind, f"{parameter} is none of its parameters; it has {', '.join(known) or 'none'}"):
            space.set_index_parameters(index, parameter)
    return index


def _centroids(index: Any) -> int:
    """The most lists or centroids that a part of an index is trained to have; 1 if none."""
    parts = list(_parts(index))
    counts = [part.nlist for part in parts if hasattr(part, "nlist")] + [part.pq.ksub for part in parts if hasattr(part, "pq")]
    return max(counts, default=1)


def _parts(index: Any) -> Iterator[Any]:
    """An index, and those inside it, such as that of an IVF index's lists."""
    import faiss

    known = faiss.downcast_index(index)
    yield known
    for name in ("index", "base_index", "storage", "quantizer"):
        if getattr(known, name, None) is not None:
            yield from _parts(getattr(known, name))


@contextmanager
def _told(kind: str, why: str = "") -> Iterator[None]:
    """Turns an error of FAISS into an InputError of one line, with ``why`` or else its own words."""
    try:
        yield
    except (RuntimeError, AssertionError) as error:
        said = why or re.sub(r".*(Error: |\.cpp:\d+: )", "", str(error).strip().splitlines()[-1])
        raise InputError(f"--index {kind}: {said}; expected {KNOWN}") from None


@contextmanager
def _repeatable(kind: str) -> Iterator[None]:
    """One thread for graphs, whose edges depend on which thread comes first. FAISS and torch share the number: it is put back."""
    import faiss

    threads = faiss.omp_get_max_threads()
    if "HNSW" in kind or "NSG" in kind:
        faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
