"""Texts as an encoder reads them: word pieces, a vector for each, and the words of the pieces."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.words import Token, is_word, tokens
from .text_encoder import TextEncoder

REVISION = 1
"""Raise it with every change to the words and token states of a text."""


@dataclass(frozen=True)
class Reading:
    """A text in pieces, without the special tokens at its ends."""

    text: str
    """NFC-normalised."""
    pieces: list[str]
    """As in the text, with diacritics and capitals; a piece inside a word begins with ``##``."""
    vectors: np.ndarray
    """Of length 1, float32 [pieces, d]."""
    words: list[Token]
    """The words, as ``base.words.words`` splits them, without punctuation."""
    word_of: np.ndarray
    """The index of each piece's word, -1 for punctuation: [pieces]."""

    def by_word(self, matrix: np.ndarray) -> np.ndarray:
        """Adds up the rows of each word's pieces: [pieces, ...] to [words, ...]."""
        return (np.arange(len(self.words))[:, None] == self.word_of[None, :]).astype(matrix.dtype) @ matrix


def read(encoder: TextEncoder, text: str) -> Reading:
    """Reads a text up to the encoder's limit; words beyond it have no pieces.

    >>> from optical_repro.encoders.models import EMBEDDED, locate
    >>> read(TextEncoder(locate(EMBEDDED)), "Reading, re-reading.").pieces
    ['Reading', ',', 're', '-', 'reading', '.']
    """
    [reading] = read_all(encoder, [text])
    return reading


def read_all(encoder: TextEncoder, texts: Sequence[str]) -> list[Reading]:
    """Reads texts as `read` does, but many times faster than one by one."""
    texts = [unicodedata.normalize("NFC", text) for text in texts]
    return [_reading(encoder, text, vectors) for text, vectors in zip(texts, encoder.encode_tokens(texts), strict=True)]


def _reading(encoder: TextEncoder, text: str, vectors: np.ndarray) -> Reading:
    encoding = encoder.tokenizer(text, truncation=True, max_length=encoder.max_length, return_offsets_mapping=True)
    sequence_ids = encoding.encodings[0].sequence_ids
    spans = [
        _without_blanks(text, *span)
        for span, sequence in zip(encoding["offset_mapping"], sequence_ids, strict=True)
        if sequence is not None
    ]
    words = [token for token in tokens(text) if is_word(token.word)]
    starts = [word.start for word in words]
    places = [bisect_right(starts, start) - 1 for start, _ in spans]
    word_of = [place if place >= 0 and start < words[place].end else -1 for place, (start, _) in zip(places, spans, strict=True)]
    pieces = []
    for (start, end), following, word in zip(spans, [*(start for start, _ in spans), len(text)][1:], word_of, strict=True):
        # A separate accent is in no piece: it goes with the letter before.
        piece_end = min(following, words[word].end) if word >= 0 else end
        inside = word >= 0 and start > starts[word]
        pieces.append(("##" if inside else "") + text[start:piece_end])
    return Reading(text, pieces, vectors[: len(pieces)], words, np.array(word_of, dtype=int))


def _without_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the initial blank of pieces by SentencePiece or bytes."""
    return end - len(text[start:end].lstrip()), end
