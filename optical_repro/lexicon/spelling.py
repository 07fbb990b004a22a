"""Spelling: words that nothing is known of, read as the nearest word that something is known of.

Topics spell words otherwise than the parallel text (*komfuta* for *kwamfuta*), and inflect them (*tsaunin* of *tsauni*).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import TYPE_CHECKING

from ..base.words import is_number, is_word, tokens

if TYPE_CHECKING:
    from .lexicon import Lexicon

REVISION = 1
"""To be raised with every change to the nearest word of the same lexicon."""

NEAR = 0.45
"""Least similarity of two spellings of a word."""

COMMON = 0.02
"""What a word gains on another of like spelling by being seen e times as often.

Measure, NEAR and COMMON were chosen on AfriQA's Hausa and Yorùbá train and dev topics and on the sample's Swahili ones: students and
translated topics alike do better than with Levenshtein's distance.
"""

SHORTEST = 4
"""Letters; shorter words are near to too many others."""


def unknown_words(texts: Iterable[str], lexicon: Lexicon) -> list[str]:
    """The folded words of the texts, ``SHORTEST`` letters or longer and no numbers, that a lexicon does not have, in order."""
    words = {token.word for text in texts for token in tokens(text) if len(token.word) >= SHORTEST}
    return sorted(word for word in words - lexicon.entries.keys() if is_word(word) and not is_number(word))


def nearest(words: Sequence[str], lexicon: Lexicon) -> dict[str, str]:
    """For each word that has one, the nearest single word of the lexicon of at least ``SHORTEST`` - 1 letters, if it is ``NEAR``.

    Similarity is Dice's coefficient of the words' trigrams (Adamson and Boreham 1974): a stem that stays whole keeps it high, whatever
    stands before or after. Common words are preferred to rare ones (``COMMON``).
    """
    known = {word: _trigrams(word) for word in lexicon.entries if " " not in word and len(word) >= SHORTEST - 1}
    having: dict[str, list[str]] = defaultdict(list)
    for word, trigrams in known.items():
        for trigram in trigrams:
            having[trigram].append(word)
    found = {}
    for unknown in words:
        own = _trigrams(unknown)
        shared = Counter(word for trigram in own for word in having.get(trigram, ()))
        dice = {word: 2 * both / (len(own) + len(known[word])) for word, both in shared.items()}
        near = {word: like + COMMON * log(sum(lexicon.entries[word].values())) for word, like in dice.items() if like >= NEAR}
        if near:
            found[unknown] = min(near, key=lambda word: (-near[word], word))
    return found


def _trigrams(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[start : start + 3] for start in range(len(word))}


def respell(text: str, spellings: dict[str, str]) -> str:
    """The text with each folded word that ``spellings`` has replaced by its other spelling.

    >>> respell("Wa ya ƙera komfuta?", {"komfuta": "kwamfuta"})
    'Wa ya ƙera kwamfuta?'
    """
    pieces, end = [], 0
    for token in tokens(text):
        pieces += [text[end : token.start], spellings.get(token.word, token.text)]
        end = token.end
    return "".join([*pieces, text[end:]])
