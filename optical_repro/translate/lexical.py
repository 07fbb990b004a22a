"""Word-by-word translation with a lexicon: what anyone has who has a little bitext."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

from ..base.files import digest
from ..base.stages import made_by
from ..base.words import tokens
from ..lexicon.lexicon import Lexicon
from ..lexicon.phrases import phrases, weighted_words, worded
from .translator import LEXICAL, Engine, Materials

DRAWN = 23
"""Translations of a topic that are drawn beside its best."""
AMONG = 10
"""Weightiest translations of a word that are drawn from."""
BEST_SHARE = 1 / 3
"""Weight of the best translation among all. The three were chosen on AfriQA's Hausa and Yorùbá train and dev topics, where 11 and 47
drawn, the first 20, and weights from .2 to .5 do about as well, the best alone or the drawn alone worse."""


REVISION = 1
"""To be raised with every change to the translation by the same lexicon, here or in lexicon.phrases."""


class LexicalTranslator:
    """Replaces each known word or phrase by its weightiest translation; unknown words, names, numbers and punctuation pass through."""

    name = LEXICAL

    def __init__(self, lexicon: Lexicon, identity: str = "") -> None:
        """``identity`` tells the lexicon from others."""
        self.lexicon, self.identity = lexicon, identity

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts, their words parted as they were."""
        return [worded(text, phrases(text, self.lexicon)) for text in texts]


class LexicalTranslators:
    """Word by word into English and out of it."""

    version, library = "", None

    def __init__(self, materials: Materials) -> None:
        self._materials = materials

    def between(self, source: str, target: str) -> LexicalTranslator:
        """The translator by the lexicon, or by its reverse."""
        identity = digest([self._materials.lexicon_key, made_by("word by word")])
        return LexicalTranslator(self._materials.lexicon_into(target), identity)

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Nothing: that the lexicon has words is looked at where the bitext is."""


ENGINE = Engine(LEXICAL, "word by word, with the lexicon", LexicalTranslators, by_lexicon=True, place=1)


def nbest(text: str, lexicon: Lexicon, seed: int) -> dict[str, float]:
    """Translations of a text word by word with weights that add up to 1: the best, and ``DRAWN`` drawn by the words' probabilities.

    A mean over them approximates the expectation over all translations, as structured queries have it over each word's alone.
    """
    draw = random.Random(f"{seed} {text}")
    spans = phrases(text, lexicon)
    choices = [list(lexicon.probabilities(" ".join(token.word for token in span)).items())[:AMONG] for span, _ in spans]

    def drawn() -> str:
        picked = [draw.choices(*zip(*among, strict=True))[0] if among else None for among in choices]
        return worded(text, [(span, word) for (span, _), word in zip(spans, picked, strict=True)])

    weights = {worded(text, spans): BEST_SHARE}
    for translation, times in Counter(drawn() for _ in range(DRAWN)).items():
        weights[translation] = weights.get(translation, 0.0) + (1 - BEST_SHARE) * times / DRAWN
    return weights


def within_lexicon(translation: str, text: str, lexicon: Lexicon, terms: Callable[[str], list[str]]) -> str:
    """The words of people's translation of a text that are among the lexicon's translations of its words, in the translation's order.

    ``terms`` makes index terms of a text, by which words are compared; what it makes none of, stop words and punctuation, stays.
    """
    known = {term for translations in weighted_words(text, lexicon) for word in translations for term in terms(word)}
    return " ".join(token.text for token in tokens(translation) if known.issuperset(terms(token.word)))
