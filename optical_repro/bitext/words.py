"""What a word is: one folding and splitting of text, for aligner, lexicon, translator, switcher and student vocabulary alike.

Text in low-resource languages is spelt many ways: topics drop tone marks, under-dots and hooks that the bitext writes.
Words are therefore compared lower-cased and without diacritics, as BERT's uncased normaliser has it. Letters that Unicode
names as a base letter "with" something (ƙ is *k with hook*, đ *d with stroke*), which it leaves alone, fold to that letter.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple

from tokenizers import normalizers, pre_tokenizers

_BASE = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH ")


@functools.cache
def folded_letters() -> dict[str, str]:
    """Latin letters that no Unicode decomposition takes apart, to their base letter: ``{"ɗ": "d", "ƙ": "k", "ø": "o", ...}``."""
    letters = {}
    for point in range(0x00C0, 0x0250 + 0x60):
        letter = chr(point).lower()
        found = _BASE.match(unicodedata.name(letter, "")) if len(letter) == 1 else None
        if found and not unicodedata.decomposition(letter):
            letters[letter] = found[1].lower()
    return letters


@functools.cache
def _bert() -> tuple[normalizers.Normalizer, pre_tokenizers.PreTokenizer]:
    return normalizers.BertNormalizer(lowercase=True, strip_accents=True), pre_tokenizers.BertPreTokenizer()


@functools.cache
def _table() -> dict[int, str]:
    return str.maketrans(folded_letters())


def fold(text: str) -> str:
    """Lower case, no diacritics: ``Ọdún`` to ``odun``, ``Ƙasar`` to ``kasar``."""
    return _bert()[0].normalize_str(text).translate(_table())


class Token(NamedTuple):
    """A word or a punctuation mark as it stands in a text."""

    text: str
    """As written."""
    word: str
    """Folded."""
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words and punctuation marks of a text, with their places in it (characters ``start`` to ``end``)."""
    return [Token(piece, fold(piece), *span) for piece, span in _bert()[1].pre_tokenize_str(text)]


def words(text: str) -> list[str]:
    """The folded words of a text, punctuation left out."""
    return [piece for piece, _ in _bert()[1].pre_tokenize_str(fold(text)) if is_word(piece)]


def is_word(piece: str) -> bool:
    """Whether a token holds a letter or a digit."""
    return any(unicodedata.category(character)[0] in "LN" for character in piece)


def is_number(word: str) -> bool:
    """Whether a word holds a digit: ``2012``, ``1960s``."""
    return any(character.isdigit() for character in word)


def capitalised(text: str) -> set[str]:
    """The folded words of a text, three letters or longer, that begin with a capital: its names, and what begins its sentences."""
    return {token.word for token in tokens(text) if token.text[0].isupper() and len(token.word) >= 3}
