"""A Lucene index whose parts are indexed by an engine, such as many machines, and merged into the one that a single process makes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from ..collections.collection import Passage
from ..engines.engine import Engine
from . import bm25


def build_index(passages: Iterable[Passage], doc_lang: str, folder: Path, engine: Engine) -> None:
    """As ``bm25.build_index``, with the same segments in the same order: each part that this writes at once is a task, a small index.

    Lucene puts the parts into the index one after the other and merges segments by its own policy, which sees the same sizes. Statistics
    such as document frequencies are those of the whole index. Parts lie beside ``folder`` until they are in it.
    """
    bm25.build_index([], doc_lang, folder)
    shards, stream, expected = folder.with_name("shards"), iter(passages), 0
    shards.mkdir(exist_ok=True)
    parts = iter(lambda: list(islice(stream, bm25.BATCH * bm25.PART)), [])
    with tqdm(desc="Lucene index", unit=" passages", unit_scale=True, disable=None) as bar:
        for shard, length, documents in engine.map(partial(_indexer, doc_lang, shards), parts):
            _add(folder, shard)
            shutil.rmtree(shard)
            expected += documents
            bar.update(length)
    shutil.rmtree(shards)
    bm25.check_count(folder, expected)


def _indexer(doc_lang: str, shards: Path) -> Callable[[Sequence[Passage]], tuple[Path, int, int]]:
    """What indexes passages: the folder of their index, their number, and that of its documents."""

    def index(passages: Sequence[Passage]) -> tuple[Path, int, int]:
        # A folder of its own: a machine that counts as lost may go on writing.
        folder = Path(tempfile.mkdtemp(dir=shards))
        return folder, len(passages), bm25.build_index(passages, doc_lang, folder)

    return index


def _add(folder: Path, shard: Path) -> None:
    """Adds an index to the one in a folder, with the settings of Anserini's SimpleIndexer."""
    from pyserini.pyclass import autoclass

    file, opener = autoclass("java.io.File"), autoclass("org.apache.lucene.store.FSDirectory")
    index, added = (opener.open(file(str(path)).toPath()) for path in (folder, shard))
    settings = autoclass("org.apache.lucene.index.IndexWriterConfig")()
    settings.setUseCompoundFile(False)
    writer = autoclass("org.apache.lucene.index.IndexWriter")(index, settings)
    writer.addIndexes(added)
    writer.close()
