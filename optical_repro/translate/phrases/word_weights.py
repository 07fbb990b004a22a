"""What a lexicon says of a phrase pair: how likely the words are each other's translations, and which are lost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ...base.words import is_word
from ...lexicon.lexicon import Lexicon

REVISION = 1
"""Raise it with every change to the weights by the same lexicon."""

FLOOR = 1e-3
"""The least probability of a word beside a phrase: lexicons do not have every translation."""

REMEMBERED = 1 << 16
"""Words and phrases whose probabilities are remembered."""


class WordWeights:
    """A lexicon in both directions, and how much each word of the source language tells."""

    def __init__(self, lexicon: Lexicon, counts: Mapping[str, int]) -> None:
        """``lexicon`` goes from the source language; ``counts``: how often each word is in the source sentences of the bitext."""
        self.lexicon, self.reverse = lexicon, lexicon.reversed()
        self._counts, self._all = counts, math.log(max(sum(counts.values()), 2))
        self.forward_words = lru_cache(REMEMBERED)(lambda word: _by_word(self.lexicon, word))
        self.backward_words = lru_cache(REMEMBERED)(lambda word: _by_word(self.reverse, word))

    def information(self, word: str) -> float:
        """How much a word tells, from 0 to 1: the rarer, the more; 0 for punctuation."""
        return 1 - math.log(max(self._counts.get(word, 0), 1)) / self._all if is_word(word) else 0.0

    def logs(self, source: Sequence[str], target: Sequence[str]) -> tuple[float, float]:
        """log lex(target | source) and log lex(source | target): each word by the mean of its probabilities (IBM model 1).

        Of phrases that the lexicon has as such, their probabilities.
        """
        phrase, translation = " ".join(source), " ".join(target)
        if len(source) > 1 and translation in (listed := self.lexicon.probabilities(phrase)):
            return math.log(listed[translation]), math.log(max(FLOOR, self.reverse.probabilities(translation).get(phrase, 0.0)))
        forward = sum(_log_mean(word, [self.forward_words(other) for other in source]) for word in target)
        return forward, sum(_log_mean(word, [self.backward_words(other) for other in target]) for word in source)

    def lost(self, source: Sequence[str], target: Sequence[str]) -> float:
        """The information of the source words that have no translation in the target phrase.

        A word whose best translation there has half the probability of its very best one is half lost.
        """
        if len(source) > 1 and " ".join(target) in self.lexicon.entries.get(" ".join(source), {}):
            return 0.0
        return sum(self.information(word) * (1 - self._kept(word, target)) for word in source if is_word(word))

    def _kept(self, word: str, target: Sequence[str]) -> float:
        if word in target:
            return 1.0
        probabilities = self.forward_words(word)
        return max(probabilities.get(other, 0.0) for other in target) / max(probabilities.values()) if probabilities else 0.0


def _by_word(lexicon: Lexicon, word: str) -> dict[str, float]:
    """The probability of each word in a word's translations, some of which have several words; of an unknown word, itself."""
    if not is_word(word) or word not in lexicon.entries:
        return {word: 1.0}
    probabilities: dict[str, float] = {}
    for translation, probability in lexicon.probabilities(word).items():
        for part in translation.split(" "):
            probabilities[part] = probabilities.get(part, 0.0) + probability
    return probabilities


def _log_mean(word: str, tables: Sequence[Mapping[str, float]]) -> float:
    return math.log(max(FLOOR, sum(table.get(word, 0.0) for table in tables) / len(tables)))
