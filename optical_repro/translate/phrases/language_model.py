"""A trigram language model with interpolated Kneser-Ney smoothing (Kneser and Ney 1995; Chen and Goodman 1999, section 4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .vocabulary import END, NOTHING, START

REVISION = 1
"""Raise it with every change to the probabilities from the same sentences."""

BITS = 21
"""Bits of a word's number: three words make a key of 63 bits."""

WORD = (1 << BITS) - 1
BIGRAM = (1 << 2 * BITS) - 1


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
        self._keys, self._states = np.asarray(keys), np.asarray(states)
        self._probabilities, self._backoffs = np.log(probabilities), np.log(backoffs)
        self._nowhere = -math.log(words + 1)

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

    def logs(self, states: Any, words: Any) -> Any:
        """The logarithms of the probabilities of words after states, float64; both are of one shape."""
        states, words = np.ravel(states), np.ravel(words)
        logs, left = np.zeros(len(states)), np.arange(len(states))
        while len(left):
            found, places = _places(self._keys, states << BITS | words[left])
            logs[left[found]] += self._probabilities[places[found]]
            left, states = left[~found], states[~found]
            known, places = _places(self._states, states)
            logs[left[known]] += self._backoffs[places[known]]
            logs[left[states == self.EMPTY]] += self._nowhere
            left, states = left[states != self.EMPTY], states[states != self.EMPTY]
            states = np.where(states > WORD, states & WORD, self.EMPTY)
        return logs

    def follow(self, states: Any, texts: Any) -> tuple[Any, Any]:
        """The logarithms of the probabilities of texts after states, and the states after them: both [states, texts].

        ``states`` int64 [states]; ``texts`` int64 [texts, words], filled up with ``NOTHING``.
        """
        states = np.repeat(states[:, None], len(texts), axis=1)
        logs = np.zeros(states.shape)
        for words in texts.T:
            real = np.flatnonzero(words != NOTHING)
            before, next_words = states[:, real], np.broadcast_to(words[real], (len(states), len(real)))
            logs[:, real] += self.logs(before, next_words).reshape(before.shape)
            states[:, real] = self.after(before, next_words)
        return logs, states

    @staticmethod
    def after(state: Any, word: Any) -> Any:
        """The state after another word, the last two words: of numbers, or of arrays of one shape."""
        return (state & WORD) << BITS | word


def _places(ordered: Any, values: Any) -> tuple[Any, Any]:
    """Which values are in an ordered array, and the places of all: of one that is not, a place that says nothing."""
    places = np.minimum(ordered.searchsorted(values), len(ordered) - 1)
    return ordered[places] == values, places


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
