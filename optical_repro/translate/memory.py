"""A translation memory: what a model has translated once, it need not translate again, in this run or in the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

PATIENCE = 60.0
"""Seconds to wait while another process writes."""


class TranslationMemory:
    """Sentences and their translations by one model from one language into another, in an SQLite file.

    What `add` was given is there after a kill, all of it or none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, sentences: Iterable[str]) -> dict[str, str]:
        """The translations of those sentences that it has."""
        if not self.path.exists():
            return {}
        with closing(self._open()) as memory:
            query = "SELECT sentence, translation FROM translations WHERE sentence = ?"
            return dict(row for sentence in sentences for row in memory.execute(query, [sentence]))

    def add(self, translations: Mapping[str, str]) -> None:
        """Keeps translations; those that it has stay as they are."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as memory, memory:
            memory.executemany("INSERT OR IGNORE INTO translations VALUES (?, ?)", translations.items())

    def _open(self) -> sqlite3.Connection:
        memory = sqlite3.connect(self.path, timeout=PATIENCE)
        memory.execute("CREATE TABLE IF NOT EXISTS translations (sentence TEXT PRIMARY KEY, translation TEXT NOT NULL) WITHOUT ROWID")
        return memory
