"""A translation memory: a model translates each sentence only once, in this run and in later ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from ..base.files import digest
from ..base.terminal import say

PATIENCE = 60.0
"""Seconds to wait while another process writes."""


DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""SQLite's error codes for a damaged file; the last is for missing tables or columns."""


class TranslationMemory:
    """Sentences and their translations by one model from one language into another, in an SQLite file.

    After a kill, each call of `add` has been written whole or not at all. Each translation has its hash beside it: a damaged one is
    removed when it is looked up, and so is a file that SQLite cannot read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, sentences: Iterable[str]) -> dict[str, str]:
        """The translations of the sentences that are in the memory."""
        if not self.path.exists():
            return {}
        try:
            return self._find(sentences)
        except sqlite3.DatabaseError as error:
            self._remove(error)
            return {}

    def add(self, translations: Mapping[str, str]) -> None:
        """Adds translations; existing ones are not changed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._add(translations)
        except sqlite3.DatabaseError as error:
            self._remove(error)
            self._add(translations)

    def _find(self, sentences: Iterable[str]) -> dict[str, str]:
        query = "SELECT sentence, translation, hash FROM translations WHERE sentence = ?"
        with closing(self._open()) as memory, memory:
            rows = [row for sentence in sentences for row in memory.execute(query, [sentence])]
            translations = {sentence: translation for sentence, translation, key in rows if digest([sentence, translation]) == key}
            if broken := [[sentence] for sentence, *_ in rows if sentence not in translations]:
                say(f"{self.path}: {len(broken)} translations are not as they were written; they are made again")
                memory.executemany("DELETE FROM translations WHERE sentence = ?", broken)
        return translations

    def _add(self, translations: Mapping[str, str]) -> None:
        rows = [(sentence, translation, digest([sentence, translation])) for sentence, translation in translations.items()]
        with closing(self._open()) as memory, memory:
            memory.executemany("INSERT OR IGNORE INTO translations VALUES (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        memory = sqlite3.connect(self.path, timeout=PATIENCE)
        memory.text_factory = lambda text: text.decode(errors="replace")
        columns = "sentence TEXT PRIMARY KEY, translation TEXT NOT NULL, hash TEXT NOT NULL"
        memory.execute(f"CREATE TABLE IF NOT EXISTS translations ({columns}) WITHOUT ROWID")
        return memory

    def _remove(self, error: sqlite3.DatabaseError) -> None:
        """Removes a damaged file; raises the error again if the file is not damaged."""
        if getattr(error, "sqlite_errorcode", None) not in DAMAGE:
            raise error
        say(f"{self.path}: damaged ({error}); its translations are made again")
        self.path.unlink(missing_ok=True)
