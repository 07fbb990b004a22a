"""What each phrase of a sentence may become: translations from the phrase table and the lexicon, and words that pass through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...base.words import is_number, is_word
from .extraction import LONGEST_SOURCE
from .language_model import LanguageModel
from .phrase_table import PhraseTable
from .vocabulary import NOTHING, Vocabulary
from .word_weights import WordWeights

REVISION = 1
"""Raise it with every change to the options of the same sentence, or to their features."""

WEIGHTS = (0.8, 0.2, 0.15, 0.45, 0.8, -0.25, 0.5, 1.5)
"""The weights of ``Weights``, one set for all languages. Chosen by coordinate search on 80 sentences each of LAFAND's Hausa dev set and
MENYO-20k's Yorùbá dev set, and 80 of AfriQA's train topics in each language: the teacher's cosine with people's English, and BLEU."""

OPTIONS = 12
"""The translations of a phrase that are tried, the best by themselves."""

REMEMBERED = 1 << 16
"""Phrases whose options are remembered."""

LISTED = 10
"""The most translations of a word or phrase from the lexicon."""

DISCOUNT = 0.5
"""What is taken off a count: phrases that were seen once together are not sure to be translations."""


class Weights(NamedTuple):
    """Of the features of a translation, whose weighted sum the decoder maximises."""

    forward: float
    """log p(target phrase | source phrase)."""
    backward: float
    """log p(source phrase | target phrase)."""
    lexical: float
    """log of the probability of the target words by the lexicon."""
    inverse: float
    """log of the probability of the source words by the lexicon."""
    words: float
    """Number of target words."""
    phrases: float
    """Number of phrases."""
    fluency: float
    """log of the probability by the language model."""
    kept: float
    """Information of the source words without a translation, which counts against it."""


USUAL = Weights(*WEIGHTS)


class Option(NamedTuple):
    """A translation of a phrase."""

    words: tuple[str, ...]
    numbers: tuple[int, ...]
    """The words in the target vocabulary, for the language model."""
    score: float
    """Its features without the language model's, weighted."""


Phrases = list[list[tuple[int, tuple[Option, ...]]]]
"""For each word of a sentence, the phrases that begin there: their ends, each with its options."""


class Options:
    """Gives sentences' phrases their translations."""

    def __init__(
        self,
        table: PhraseTable,
        source: Vocabulary,
        target: Vocabulary,
        word_weights: WordWeights,
        model: LanguageModel,
        weights: Weights = USUAL,
    ) -> None:
        self._table, self._source, self._target, self._word_weights, self._model = table, source, target, word_weights, model
        self.weights = weights
        self._of_phrase = lru_cache(REMEMBERED)(self._best)

    def of(self, sentence: Sequence[str]) -> Phrases:
        """The options for the phrases of a sentence of folded tokens; there is at least one for each word alone."""
        known = self._table.phrases(self._source.numbers(sentence))
        longest = max(self._word_weights.lexicon.longest, LONGEST_SOURCE)
        phrases: Phrases = [[] for _ in sentence]
        for start, place in enumerate(phrases):
            for end in range(start + 1, min(start + longest, len(sentence)) + 1):
                if options := self._of_phrase(tuple(sentence[start:end]), known.get((start, end))):
                    place.append((end, options))
        return phrases

    def _best(self, source: tuple[str, ...], row: int | None) -> tuple[Option, ...]:
        """The best options of a phrase by their scores and by the language model without what goes before."""
        options = [
            Option(words, self._target.numbers(words), self._score(self.features(source, words, *pair)))
            for words, pair in self._probabilities(source, row).items()
        ]
        logs, _ = self._model.follow(np.array([self._model.EMPTY]), padded(options))
        estimates = {option: option.score + self.weights.fluency * log for option, log in zip(options, logs[0].tolist(), strict=True)}
        return tuple(sorted(options, key=lambda option: (-estimates[option], option.words))[:OPTIONS])

    def _probabilities(self, source: tuple[str, ...], row: int | None) -> dict[tuple[str, ...], tuple[float, float]]:
        """The translations of a phrase, with their probabilities in both directions."""
        probabilities = {
            tuple(self._target.word(number) for number in words): ((together - DISCOUNT) / count, (together - DISCOUNT) / of_target)
            for words, together, count, of_target in (self._table.translations(row) if row is not None else ())
        }
        for words, pair in self._listed(source).items():
            probabilities.setdefault(words, pair)
        if len(source) == 1 and (not probabilities or not is_word(source[0]) or is_number(source[0])):
            probabilities[source] = (1.0, 1.0)
        return probabilities

    def _listed(self, source: tuple[str, ...]) -> dict[tuple[str, ...], tuple[float, float]]:
        """The lexicon's translations of a phrase, with their probabilities in both directions."""
        phrase, reverse = " ".join(source), self._word_weights.reverse
        best = list(self._word_weights.lexicon.probabilities(phrase).items())[:LISTED]
        return {tuple(words.split(" ")): (forward, reverse.probabilities(words).get(phrase, forward)) for words, forward in best}

    def features(self, source: tuple[str, ...], target: tuple[str, ...], forward: float, backward: float) -> tuple[float, ...]:
        """The features of a translation without the language model's, in the order of ``Weights``."""
        lexical, inverse = self._word_weights.logs(source, target)
        lost = self._word_weights.lost(source, target)
        return math.log(forward), math.log(backward), lexical, inverse, float(len(target)), 1.0, 0.0, -lost

    def _score(self, features: tuple[float, ...]) -> float:
        return sum(weight * feature for weight, feature in zip(self.weights, features, strict=True))


def padded(options: Sequence[Option]) -> Any:
    """The words of options by their numbers, int64 [options, words], filled up with ``NOTHING``."""
    longest = max((len(option.numbers) for option in options), default=0)
    rows = [option.numbers + (NOTHING,) * (longest - len(option.numbers)) for option in options]
    return np.array(rows, np.int64).reshape(len(options), longest)
