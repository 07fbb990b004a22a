"""Passages on disk by their ids: a few can be read without the whole collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from .collection import Passage

REVISION = 1
"""Raise it with every change to what is written for the same passages."""

FILE = "passages.sqlite"

AT_ONCE = 500
"""The most ids in a query; older versions of SQLite allow 999."""


def write(passages: Iterable[Passage], folder: Path) -> None:
    """Writes passages into the folder one by one; the file is complete when this returns."""
    (folder / FILE).unlink(missing_ok=True)
    with sqlite3.connect(folder / FILE) as base:
        # A file left by a kill is never read, so no journal is needed.
        base.execute("PRAGMA journal_mode = OFF")
        base.execute("CREATE TABLE passages (id TEXT, title TEXT, text TEXT)")
        base.executemany("INSERT INTO passages VALUES (?, ?, ?)", ((passage.id, passage.title, passage.text) for passage in passages))
        base.execute("CREATE INDEX ids ON passages (id)")
    base.close()


class StoredPassages:
    """Reads passages written by ``write``."""

    def __init__(self, folder: Path) -> None:
        # Immutable: no lock or journal is written, so the folder may be read-only. It is only read, so any thread may.
        uri = f"{(folder / FILE).absolute().as_uri()}?mode=ro&immutable=1"
        self.base = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def get(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Id to passage, of those that exist."""
        wanted, passages = list(ids), {}
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            rows = self.base.execute(f"SELECT id, title, text FROM passages WHERE id IN ({','.join('?' * len(part))})", part)
            passages.update({row[0]: Passage(*row) for row in rows})
        return passages
