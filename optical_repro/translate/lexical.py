"""Word-by-word translation with a lexicon, for which a little bitext is enough."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..base.files import digest
from ..base.stages import made_by
from ..base.words import tokens
from ..engines.engine import Engine as Workers
from ..lexicon.lexicon import Lexicon
from ..lexicon.phrases import phrases, weighted_words, worded
from .translator import LEXICAL, Engine, Materials

DRAWN = 23
"""Number of translations of a topic that are sampled, besides the best one."""
AMONG = 10
"""Number of a word's translations, the weightiest, to sample from."""
BEST_SHARE = 1 / 3
"""Weight of the best translation among all. The three were chosen on AfriQA's Hausa and Yorùbá train and dev topics. There 11 and 47
samples, the first 20 translations, and weights from .2 to .5 do about as well; the best alone or the samples alone do worse."""


REVISION = 1
"""Raise it with every change to the translations by the same lexicon, here or in lexicon.phrases."""


class LexicalTranslator:
    """Replaces each known word or phrase by its weightiest translation; unknown words, names, numbers and punctuation pass through."""

    name = LEXICAL

    def __init__(self, lexicon: Lexicon, identity: str = "") -> None:
        """``identity``: a key of the lexicon."""
        self.lexicon, self.identity = lexicon, identity

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts, with the texts' spacing between words."""
        return [worded(text, phrases(text, self.lexicon)) for text in texts]

    def translate_parts(self, parts: Iterable[Sequence[str]], workers: Workers) -> Iterator[list[str]]:
        """As ``SharedOut.translate_parts``."""
        return workers.map(lambda: self.translate, parts)


class LexicalTranslators:
    """Word-by-word translators into English and from English."""

    version, library = "", None

    def __init__(self, materials: Materials) -> None:
        self._materials = materials

    def between(self, source: str, target: str) -> LexicalTranslator:
        """The translator with the lexicon or its reverse."""
        identity = digest([self._materials.lexicon_key, made_by("word by word")])
        return LexicalTranslator(self._materials.lexicon_into(target), identity)

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Does nothing: `experiment.check` looks whether the lexicon has words."""


ENGINE = Engine(LEXICAL, "word by word, with the lexicon", LexicalTranslators, by_lexicon=True, at_once=True, place=1)


def nbest(text: str, lexicon: Lexicon, seed: int) -> dict[str, float]:
    """Word-by-word translations of a text with weights that sum to 1: the best, and ``DRAWN`` samples by the words' probabilities.

    Their mean approximates the expectation over all translations; structured queries do that for each word alone.
    """
    chance = random.Random(f"{seed} {text}")
    spans = phrases(text, lexicon)
    choices = [list(lexicon.probabilities(" ".join(token.word for token in span)).items())[:AMONG] for span, _ in spans]

    def sample() -> str:
        words = [chance.choices(*zip(*translations, strict=True))[0] if translations else None for translations in choices]
        return worded(text, [(span, word) for (span, _), word in zip(spans, words, strict=True)])

    weights = {worded(text, spans): BEST_SHARE}
    for translation, times in Counter(sample() for _ in range(DRAWN)).items():
        weights[translation] = weights.get(translation, 0.0) + (1 - BEST_SHARE) * times / DRAWN
    return weights


def within_lexicon(translation: str, text: str, lexicon: Lexicon, terms: Callable[[str], list[str]]) -> str:
    """The words of a human translation of a text that are also the lexicon's translations of its words, in their order.

    ``terms`` gives a text's index terms, by which words are compared; words without terms (stop words, punctuation) stay.
    """
    known_terms = {term for translations in weighted_words(text, lexicon) for word in translations for term in terms(word)}
    return " ".join(token.text for token in tokens(translation) if known_terms.issuperset(terms(token.word)))
