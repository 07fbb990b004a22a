"""Spelling correction: unknown words are replaced by the nearest known word.

Topics spell words differently from the parallel text (*komfuta* for *kwamfuta*), and inflect them (*tsaunin* of *tsauni*).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import TYPE_CHECKING

from ..base.words import is_number, is_word, rewritten, tokens

if TYPE_CHECKING:
    from .lexicon import Lexicon

REVISION = 1
"""Raise it with every change to the nearest words in the same lexicon."""

NEAR = 0.45
"""The least similarity of two spellings of a word."""

COMMON = 0.02
"""The bonus of a word for being e times as frequent as another.

Measure, NEAR and COMMON were chosen on AfriQA's Hausa and Yorùbá train and dev topics and on the sample's Swahili ones: students and
translated topics do better with them than with Levenshtein distance.
"""

SHORTEST = 4
"""The fewest letters in a word: shorter ones are near to too many others."""


def unknown_words(texts: Iterable[str], lexicon: Lexicon) -> list[str]:
    """The folded words of the texts that a lexicon lacks, in alphabetical order, without numbers and words below ``SHORTEST`` letters."""
    words = {token.word for text in texts for token in tokens(text) if len(token.word) >= SHORTEST}
    return sorted(word for word in words - lexicon.entries.keys() if is_word(word) and not is_number(word))


def nearest(words: Sequence[str], lexicon: Lexicon) -> dict[str, str]:
    """Maps words to the nearest single word of the lexicon, as ``Speller`` does, if there is one within ``NEAR``."""
    speller = Speller(lexicon)
    return {word: known for word in words if (known := speller.nearest(word))}


class Speller:
    """A lexicon's words by their trigrams, to look up one unknown word after another."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._known = {word: _trigrams(word) for word in lexicon.entries if " " not in word and len(word) >= SHORTEST - 1}
        self._words_with: dict[str, list[str]] = defaultdict(list)
        for word, trigrams in self._known.items():
            for trigram in trigrams:
                self._words_with[trigram].append(word)

    def nearest(self, unknown: str) -> str | None:
        """The nearest single word of the lexicon with at least ``SHORTEST`` - 1 letters, if there is one within ``NEAR``.

        Similarity is Dice's coefficient of the words' trigrams (Adamson and Boreham 1974): a common stem keeps it high, whatever the
        prefixes and suffixes. Frequent words are preferred to rare ones (``COMMON``).
        """
        own_trigrams = _trigrams(unknown)
        shared = Counter(word for trigram in own_trigrams for word in self._words_with.get(trigram, ()))
        dice = {word: 2 * n_shared / (len(own_trigrams) + len(self._known[word])) for word, n_shared in shared.items()}
        scores = {
            word: similarity + COMMON * log(sum(self._lexicon.entries[word].values()))
            for word, similarity in dice.items()
            if similarity >= NEAR
        }
        return min(scores, key=lambda word: (-scores[word], word)) if scores else None


def _trigrams(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[start : start + 3] for start in range(len(word))}


def respell(text: str, spellings: dict[str, str]) -> str:
    """The text with each word whose folded form is in ``spellings`` replaced by the spelling there.

    >>> respell("Wa ya ƙera komfuta?", {"komfuta": "kwamfuta"})
    'Wa ya ƙera kwamfuta?'
    """
    return rewritten(text, lambda token: spellings.get(token.word, token.text))
