"""Words as numbers, for the arrays of language models and phrase tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...base.files import whole

NOTHING, START, END, UNKNOWN = 0, 1, 2, 3
"""Numbers of no word, of the start and the end of a sentence, and of words that are not in the vocabulary."""

FIRST = 4
"""The number of the first word."""


class Vocabulary:
    """The words of a language, in the order of their letters."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._numbers = {word: number for number, word in enumerate(self.words, FIRST)}

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]]) -> Vocabulary:
        """The words of sentences."""
        return cls(sorted({word for sentence in sentences for word in sentence}))

    @classmethod
    def read(cls, path: Path) -> Vocabulary:
        """Reads what ``write`` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Writes a JSON list: a word of Chinese may have blanks in it."""
        with whole(path) as file:
            json.dump(self.words, file, ensure_ascii=False, indent=0)

    def numbers(self, words: Iterable[str]) -> tuple[int, ...]:
        """The numbers of words."""
        return tuple(self._numbers.get(word, UNKNOWN) for word in words)

    def word(self, number: int) -> str:
        """The word with a number from ``FIRST``."""
        return self.words[number - FIRST]
