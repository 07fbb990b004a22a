"""Word-by-word translation with a lexicon: what anyone has who has a little bitext."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..bitext.lexicon import Lexicon
from ..bitext.words import Token, is_word, tokens
from .translator import LEXICAL


class LexicalTranslator:
    """Replaces each known word or phrase by its weightiest translation; unknown words, names, numbers and punctuation pass through."""

    name = LEXICAL

    def __init__(self, lexicon: Lexicon, identity: str = "") -> None:
        """``identity`` tells the lexicon from others."""
        self.lexicon, self.identity = lexicon, identity

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts, their words parted as they were."""
        return [self._translate(text) for text in texts]

    def _translate(self, text: str) -> str:
        pieces, end = [], 0
        for span, translation in phrases(text, self.lexicon):
            pieces += [text_between(text, end, span[0].start), translation if translation is not None else span[0].text]
            end = span[-1].end
        return "".join(pieces).strip()


def weighted_words(text: str, lexicon: Lexicon) -> list[dict[str, float]]:
    """The words and phrases of a text, each with all its translations and their probabilities; an unknown word is its own."""
    spans = [span for span, _ in phrases(text, lexicon) if any(is_word(token.word) for token in span)]
    return [lexicon.probabilities(" ".join(token.word for token in span)) or {span[0].text: 1.0} for span in spans]


def within_lexicon(translation: str, text: str, lexicon: Lexicon, terms: Callable[[str], list[str]]) -> str:
    """The words of people's translation of a text that are among the lexicon's translations of its words, in the translation's order.

    ``terms`` makes index terms of a text, by which words are compared; what it makes none of, stop words and punctuation, stays.
    """
    known = {term for translations in weighted_words(text, lexicon) for word in translations for term in terms(word)}
    return " ".join(token.text for token in tokens(translation) if known.issuperset(terms(token.word)))


def text_between(text: str, start: int, end: int) -> str:
    """What parts two tokens: white space as one blank."""
    return " " if text[start:end].isspace() else text[start:end]


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
