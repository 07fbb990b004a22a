"""Spelling: words that nothing is known of, read as the nearest word that something is known of.

Topics spell words otherwise than the parallel text (*komfuta* for *kwamfuta*), and inflect them (*tsaunin* of *tsauni*).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..bitext.words import tokens

if TYPE_CHECKING:
    from ..bitext.lexicon import Lexicon

NEAR = 0.75
"""Least normalised Levenshtein similarity of two spellings of a word; chosen on AfriQA's Hausa and Yorùbá train and dev topics."""

SHORTEST = 4
"""Letters; shorter words are near to too many others."""


def unknown_words(texts: Iterable[str], lexicon: Lexicon) -> list[str]:
    """The folded words of the texts, ``SHORTEST`` letters or longer and no numbers, that a lexicon does not have, in order."""
    words = {token.word for text in texts for token in tokens(text) if token.word.isalpha() and len(token.word) >= SHORTEST}
    return sorted(words - lexicon.entries.keys())


def nearest(words: Sequence[str], lexicon: Lexicon) -> dict[str, str]:
    """For each word that has one, the nearest single word of the lexicon of at least ``SHORTEST`` - 1 letters, if it is ``NEAR``."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    known = [word for word in lexicon.entries if " " not in word and len(word) >= SHORTEST - 1]
    found = {word: process.extractOne(word, known, scorer=Levenshtein.normalized_similarity, score_cutoff=NEAR) for word in words}
    return {word: match[0] for word, match in found.items() if match}


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
