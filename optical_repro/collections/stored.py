"""Passages on disk by their ids, so that a few of them are read without the whole collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from .collection import Passage

REVISION = 1
"""To be raised with every change to what is written of the same passages."""

FILE = "passages.sqlite"

AT_ONCE = 500
"""Ids in a query; SQLite takes no more than 999 in older versions."""


def write(passages: Iterable[Passage], folder: Path) -> None:
    """Writes all passages into the folder, streaming; whole only when this returns."""
    (folder / FILE).unlink(missing_ok=True)
    with sqlite3.connect(folder / FILE) as base:
        # What is left of a kill is not read: the file needs no journal.
        base.execute("PRAGMA journal_mode = OFF")
        base.execute("CREATE TABLE passages (id TEXT, title TEXT, text TEXT)")
        base.executemany("INSERT INTO passages VALUES (?, ?, ?)", ((passage.id, passage.title, passage.text) for passage in passages))
        base.execute("CREATE INDEX ids ON passages (id)")
    base.close()


class Stored:
    """Passages that ``write`` wrote."""

    def __init__(self, folder: Path) -> None:
        # Immutable: no lock and no journal are written, so that the folder may be somebody else's.
        self.base = sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro&immutable=1", uri=True)

    def get(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Id to passage, of those that are there."""
        wanted, found = list(ids), {}
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            rows = self.base.execute(f"SELECT id, title, text FROM passages WHERE id IN ({','.join('?' * len(part))})", part)
            found.update({row[0]: Passage(*row) for row in rows})
        return found
