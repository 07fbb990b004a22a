"""A text as an encoder reads it: its word pieces, a vector for each, and the words that they are pieces of."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.words import Token, is_word, tokens
from .text_encoder import TextEncoder

REVISION = 1
"""To be raised with every change to the words and token states of a text."""


@dataclass(frozen=True)
class Reading:
    """A text in pieces; the special tokens at its ends are left out."""

    text: str
    """NFC-normalised."""
    pieces: list[str]
    """As they stand in the text, with its diacritics and capitals; a piece inside a word begins with ``##``."""
    vectors: np.ndarray
    """Of length 1, float32 [pieces, d]."""
    words: list[Token]
    """The words, as ``bitext.words.words`` splits them: punctuation is none."""
    word_of: np.ndarray
    """The word that each piece is of, -1 for punctuation: [pieces]."""

    def by_word(self, matrix: np.ndarray) -> np.ndarray:
        """Adds up the rows of [pieces, ...] that are of one word: [words, ...]."""
        return (np.arange(len(self.words))[:, None] == self.word_of[None, :]).astype(matrix.dtype) @ matrix


def read(encoder: TextEncoder, text: str) -> Reading:
    """Reads a text, cut off where the encoder stops reading; the words beyond have no pieces.

    >>> read(TextEncoder("student"), "Ilé-ìwé náà tóbi.").pieces
    ['Ilé', '-', 'ìwé', 'náà', 'tóbi', '.']
    """
    [reading] = read_all(encoder, [text])
    return reading


def read_all(encoder: TextEncoder, texts: Sequence[str]) -> list[Reading]:
    """Reads texts as `read` does, many times faster than one by one."""
    texts = [unicodedata.normalize("NFC", text) for text in texts]
    return [_reading(encoder, text, vectors) for text, vectors in zip(texts, encoder.encode_tokens(texts), strict=True)]


def _reading(encoder: TextEncoder, text: str, vectors: np.ndarray) -> Reading:
    read_as = encoder.tokenizer(text, truncation=True, max_length=encoder.max_length, return_offsets_mapping=True)
    own = read_as.encodings[0].sequence_ids
    spans = [_without_blanks(text, *span) for span, sequence in zip(read_as["offset_mapping"], own, strict=True) if sequence is not None]
    words = [token for token in tokens(text) if is_word(token.word)]
    starts = [word.start for word in words]
    places = [bisect_right(starts, start) - 1 for start, _ in spans]
    word_of = [place if place >= 0 and start < words[place].end else -1 for place, (start, _) in zip(places, spans, strict=True)]
    pieces = []
    for (start, end), following, word in zip(spans, [*(start for start, _ in spans), len(text)][1:], word_of, strict=True):
        # An accent that stands alone is of no piece: it goes with the letter before.
        until = min(following, words[word].end) if word >= 0 else end
        inside = word >= 0 and start > starts[word]
        pieces.append(("##" if inside else "") + text[start:until])
    return Reading(text, pieces, vectors[: len(pieces)], words, np.array(word_of, dtype=int))


def _without_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the blank that a piece of SentencePiece or of bytes begins with."""
    return end - len(text[start:end].lstrip()), end
