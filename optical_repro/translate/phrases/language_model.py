"""A trigram language model with interpolated Kneser-Ney smoothing (Kneser and Ney 1995; Chen and Goodman 1999, section 4)."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .vocabulary import END, START

REVISION = 1
"""Raise it with every change to the probabilities from the same sentences."""

BITS = 21
"""Bits of a word's number: three words make a key of 63 bits."""

WORD = (1 << BITS) - 1
BIGRAM = (1 << 2 * BITS) - 1

MEMORY = 1 << 20
"""Probabilities that are remembered at once."""


class LanguageModel:
    """Probabilities of a word after a state, which is the words before it, at most two, packed into a number.

    N-grams of all lengths share one sorted array of keys: a key is a state and a word, so longer ones are larger.
    """

    EMPTY, BEGIN = 0, START
    """The states without any words, and at the beginning of a sentence."""

    def __init__(self, keys: Any, probabilities: Any, states: Any, backoffs: Any, words: int) -> None:
        """``keys`` int64 [n-grams] with their probabilities float64; ``states`` int64 with the share left to shorter ones.

        ``words``: the size of the vocabulary.
        """
        self.arrays = {"keys": keys, "probabilities": probabilities, "states": states, "backoffs": backoffs, "words": np.array([words])}
        self._keys, self._states = memoryview(keys), memoryview(states)
        self._probabilities, self._backoffs = probabilities, backoffs
        self._nowhere = -math.log(words + 1)
        self._memory: dict[int, float] = {}

    @classmethod
    def train(cls, sentences: Iterable[Sequence[int]], words: int) -> LanguageModel:
        """The model of sentences of words' numbers, from a vocabulary of ``words`` words."""
        lines = [np.array([START, *sentence, END], np.int64) for sentence in sentences]
        text = np.concatenate(lines)
        first = text[:-1] != END
        bigrams = (text[:-1] << BITS | text[1:])[first]
        second = first[:-1] & first[1:]
        trigrams = (text[:-2] << 2 * BITS | text[1:-1] << BITS | text[2:])[second]
        levels = _counts_by_length(bigrams, trigrams)

        keys, probabilities, states, backoffs = [], [], [], []
        lower_keys, lower = np.zeros(1, np.int64), np.array([1 / (words + 1)])
        for length, (level_keys, counts) in enumerate(levels, 1):
            singles, doubles = int((counts == 1).sum()), int((counts == 2).sum())
            discount = min(max(singles / max(singles + 2 * doubles, 1), 0.1), 0.9)
            level_states, begin, sizes = np.unique(level_keys >> BITS, return_index=True, return_counts=True)
            totals = np.add.reduceat(counts, begin)
            left = discount * sizes / totals
            shorter = level_keys & ((1 << (length - 1) * BITS) - 1)
            after = np.repeat(left, sizes) * lower[np.searchsorted(lower_keys, shorter)]
            level_probabilities = (counts - discount) / np.repeat(totals, sizes) + after
            keys.append(level_keys)
            probabilities.append(level_probabilities)
            states.append(level_states)
            backoffs.append(left)
            lower_keys, lower = level_keys, level_probabilities
        joined = [np.concatenate(parts) for parts in (keys, probabilities, states, backoffs)]
        return cls(joined[0], joined[1], joined[2], joined[3], words)

    @classmethod
    def read(cls, folder: Path) -> LanguageModel:
        """Opens what ``write`` wrote; the arrays stay on disk."""
        names = ("keys", "probabilities", "states", "backoffs", "words")
        keys, probabilities, states, backoffs, words = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in names)
        return cls(keys, probabilities, states, backoffs, int(words[0]))

    def write(self, folder: Path) -> None:
        """Writes its arrays into a folder."""
        folder.mkdir(exist_ok=True)
        for name, array in self.arrays.items():
            np.save(folder / f"{name}.npy", array)

    def log(self, state: int, word: int) -> float:
        """The logarithm of the probability of a word after a state."""
        key = state << BITS | word
        value = self._memory.get(key)
        if value is None:
            if len(self._memory) >= MEMORY:
                self._memory.clear()
            value = self._memory[key] = self._log(state, word, key)
        return value

    def _log(self, state: int, word: int, key: int) -> float:
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            return math.log(self._probabilities[place])
        place = bisect_left(self._states, state)
        known = place < len(self._states) and self._states[place] == state
        backoff = math.log(self._backoffs[place]) if known else 0.0
        if state == self.EMPTY:
            return backoff + self._nowhere
        return backoff + self.log(state & WORD if state > WORD else self.EMPTY, word)

    @staticmethod
    def after(state: int, word: int) -> int:
        """The state after another word: the last two words."""
        return (state & WORD) << BITS | word


def _counts_by_length(bigrams: Any, trigrams: Any) -> list[tuple[Any, Any]]:
    """(keys, counts) of n-grams of one, two and three words.

    Trigrams and the first two words of sentences, which nothing precedes, are counted as often as they occur; the other n-grams by
    how many words precede them.
    """
    trigram_keys, trigram_counts = np.unique(trigrams, return_counts=True)
    inner_keys, inner_counts = np.unique(trigram_keys & BIGRAM, return_counts=True)
    opening_keys, opening_counts = np.unique(bigrams[bigrams >> BITS == START], return_counts=True)
    bigram_keys, bigram_counts = np.concatenate([opening_keys, inner_keys]), np.concatenate([opening_counts, inner_counts])
    return [np.unique(bigram_keys & WORD, return_counts=True), (bigram_keys, bigram_counts), (trigram_keys, trigram_counts)]
