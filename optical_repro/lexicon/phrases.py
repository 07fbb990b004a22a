"""The words and phrases of a text that a lexicon knows."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.words import Token, is_word, tokens
from .lexicon import Lexicon


def phrases(text: str, lexicon: Lexicon) -> list[tuple[list[Token], str | None]]:
    """Splits a text into the longest phrases that the lexicon knows, each with its best translation, and single tokens (None)."""
    found: list[tuple[list[Token], str | None]] = []
    rest = tokens(text)
    while rest:
        for length in range(min(lexicon.longest, len(rest)), 0, -1):
            translation = lexicon.best(" ".join(token.word for token in rest[:length]))
            if translation is not None or length == 1:
                found.append((rest[:length], translation))
                rest = rest[length:]
                break
    return found


def weighted_words(text: str, lexicon: Lexicon) -> list[dict[str, float]]:
    """The words and phrases of a text, each with all its translations and their probabilities; an unknown word is its own."""
    spans = [span for span, _ in phrases(text, lexicon) if any(is_word(token.word) for token in span)]
    return [lexicon.probabilities(" ".join(token.word for token in span)) or {span[0].text: 1.0} for span in spans]


def worded(text: str, translated: Sequence[tuple[list[Token], str | None]]) -> str:
    """A text with its words and phrases replaced by the translations beside them; what has none (None) stays."""
    pieces, end = [], 0
    for span, translation in translated:
        pieces += [text_between(text, end, span[0].start), translation if translation is not None else span[0].text]
        end = span[-1].end
    return "".join(pieces).strip()


def text_between(text: str, start: int, end: int) -> str:
    """What parts two tokens: white space as one blank."""
    return " " if text[start:end].isspace() else text[start:end]
