"""Sentence pairs as the phrase-based translator is trained on them: folded tokens, punctuation included, and links between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...base.words import is_word, tokens
from ...bitext.readers import Pair
from ...lexicon.alignment import Link

REVISION = 1
"""Raise it with every change to the tokens or links of the same pairs."""


class AlignedPair(NamedTuple):
    """A sentence in the language to translate from, its translation, and which of their tokens are linked."""

    source: list[str]
    target: list[str]
    links: set[tuple[int, int]]
    """Places of a source token and of a target token."""

    def reversed(self) -> AlignedPair:
        """The pair for the other direction."""
        return AlignedPair(self.target, self.source, {(target, source) for source, target in self.links})


def aligned_pair(pair: Pair, links: Iterable[Link]) -> AlignedPair:
    """A pair from the language into English, from the links of its words.

    The aligner reads no punctuation. Marks are linked to their like in order, if both sides have as many of them.
    """
    source, target = ([token.word for token in tokens(text)] for text in pair)
    source_words, target_words = ([place for place, word in enumerate(side) if is_word(word)] for side in (source, target))
    linked = {(source_words[one], target_words[other]) for one, other, _ in links}
    source_marks, target_marks = _marks(source), _marks(target)
    for mark, places in source_marks.items():
        if len(places) == len(target_marks.get(mark, ())):
            linked |= set(zip(places, target_marks[mark], strict=True))
    return AlignedPair(source, target, linked)


def _marks(side: Sequence[str]) -> dict[str, list[int]]:
    """The places of each punctuation mark."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(side):
        if not is_word(word):
            places[word].append(place)
    return places
