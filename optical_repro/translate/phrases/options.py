"""What each phrase of a sentence may become: translations from the phrase table and the lexicon, and words that pass through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ...base.words import is_number, is_word
from .phrase_table import PhraseTable, Translation
from .vocabulary import Vocabulary
from .word_weights import WordWeights

REVISION = 1
"""Raise it with every change to the options of the same sentence, or to their features."""

WEIGHTS = (0.35, 0.15, 0.01, 0.13, 0.39, -0.24, 0.66, 0.3)
"""The weights of ``Weights``, one set for all languages."""

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
    """A translation of the words from a place to ``end``."""

    end: int
    words: tuple[str, ...]
    numbers: tuple[int, ...]
    """The words in the target vocabulary, for the language model."""
    score: float
    """Its features without the language model's, weighted."""


class Options:
    """Gives sentences' phrases their translations."""

    def __init__(
        self, table: PhraseTable, source: Vocabulary, target: Vocabulary, word_weights: WordWeights, weights: Weights = USUAL
    ) -> None:
        self._table, self._source, self._target, self._word_weights = table, source, target, word_weights
        self.weights = weights

    def of(self, sentence: Sequence[str]) -> list[list[Option]]:
        """The options that begin at each word of a sentence of folded tokens; there is at least one for each word alone."""
        known = self._table.translations(self._source.numbers(sentence))
        longest = max(self._word_weights.lexicon.longest, 1)
        options: list[list[Option]] = [[] for _ in sentence]
        for start in range(len(sentence)):
            for end in range(start + 1, len(sentence) + 1):
                translations = known.get((start, end), [])
                if not translations and end - start > longest:
                    continue
                options[start] += self._of_phrase(end, tuple(sentence[start:end]), translations)
        return options

    def _of_phrase(self, end: int, source: tuple[str, ...], translations: Sequence[Translation]) -> list[Option]:
        probabilities = {
            tuple(self._target.word(number) for number in one.words): (
                (one.together - DISCOUNT) / one.source,
                (one.together - DISCOUNT) / one.target,
            )
            for one in translations
        }
        for words, pair in self._listed(source).items():
            probabilities.setdefault(words, pair)
        if len(source) == 1 and (not probabilities or not is_word(source[0]) or is_number(source[0])):
            probabilities[source] = (1.0, 1.0)
        return [Option(end, words, self._target.numbers(words), self._score(source, words, *pair)) for words, pair in probabilities.items()]

    def _listed(self, source: tuple[str, ...]) -> dict[tuple[str, ...], tuple[float, float]]:
        """The lexicon's translations of a phrase, with their probabilities in both directions."""
        phrase, reverse = " ".join(source), self._word_weights.reverse
        best = list(self._word_weights.lexicon.probabilities(phrase).items())[:LISTED]
        return {
            tuple(translation.split(" ")): (forward, reverse.probabilities(translation).get(phrase, forward))
            for translation, forward in best
        }

    def _score(self, source: Sequence[str], target: Sequence[str], forward: float, backward: float) -> float:
        weights, (lexical, inverse) = self.weights, self._word_weights.logs(source, target)
        return (
            weights.forward * math.log(forward)
            + weights.backward * math.log(backward)
            + weights.lexical * lexical
            + weights.inverse * inverse
            + weights.words * len(target)
            + weights.phrases
            - weights.kept * self._word_weights.lost(source, target)
        )
