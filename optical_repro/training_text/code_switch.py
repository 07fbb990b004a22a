"""Artificial code-switching with a bilingual lexicon (Litschko, Artemova and Plank 2023, arXiv 2305.05295)."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from ..base.words import Token, is_number, tokens
from ..lexicon.lexicon import Lexicon
from ..lexicon.phrases import phrases, worded


def code_switched(texts: Iterable[str], lexicon: Lexicon, probability: float, seed: int) -> list[tuple[str, str]]:
    """(switched text, English text) for each English text; ``lexicon`` goes from English into the target language, or several."""
    chance = random.Random(seed)
    return [(switch(text, lexicon, probability, chance), text) for text in texts]


def switch(text: str, lexicon: Lexicon, probability: float, chance: random.Random) -> str:
    """Replaces each word or phrase, with this probability, by a translation drawn by weight; names, numbers and punctuation stay.

    ``lexicon`` goes from the language of the text into the other.

    >>> import random
    >>> from optical_repro.lexicon.lexicon import Lexicon
    >>> switch("The king of Kano has 3 horses.", Lexicon({"king": {"sarki": 1.0}, "kano": {"kano": 1.0}}), 1.0, random.Random(0))
    'The sarki of Kano has 3 horses.'
    """
    # Two draws for every word, known or not, so that the choice of words does not depend on the lexicon.
    draws = {token.start: (chance.random(), chance.random()) for token in tokens(text)}
    replacements: list[tuple[list[Token], str | None]] = []
    for span, _ in phrases(text, lexicon):
        word = text[span[0].start : span[-1].end]
        translations = lexicon.probabilities(" ".join(token.word for token in span))
        switch_draw, choice_draw = draws[span[0].start]
        if switch_draw < probability and translations and not is_name(span, at_start=not replacements):
            word = pick(choice_draw, translations)
        replacements.append((span, word))
    return worded(text, replacements)


def pick(place: float, probabilities: Mapping[str, float]) -> str:
    """The translation at a place from 0 to 1, of which each translation takes a part as large as its probability."""
    names = list(probabilities)
    ends = list(accumulate(probabilities.values()))
    return names[min(bisect(ends, place * ends[-1]), len(names) - 1)]


def is_name(span: Sequence[Token], at_start: bool) -> bool:
    """Whether a span looks like a name or a number: a capital inside a sentence, or a digit."""
    return any(is_number(token.text) for token in span) or any(token.text[0].isupper() for token in span[at_start:])
