"""The phrase table: how often each phrase was translated by which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .aligned import AlignedPair
from .extraction import LONGEST_SOURCE, LONGEST_TARGET, phrase_pairs
from .vocabulary import NOTHING, Vocabulary

REVISION = 1
"""Raise it with every change to the table of the same phrase pairs."""

TRANSLATIONS = 20
"""The most translations of a phrase that are kept, by their counts."""


class Translation(NamedTuple):
    """A translation of a phrase, with the counts that its probabilities come from."""

    words: tuple[int, ...]
    together: int
    """How often the two are a phrase pair."""
    source: int
    """How often the source phrase is in any pair."""
    target: int
    """How often the translation is in any pair."""


class PhraseTable:
    """Phrases of words' numbers, in the numbers' order.

    ``sources`` int32 [``LONGEST_SOURCE``, phrases], filled up with zeros; ``begins`` int64 [phrases + 1], where the translations of
    each begin; ``targets`` int32 [translations, ``LONGEST_TARGET``]; ``counts`` int32 [translations, 3], as in `Translation`.
    """

    NAMES = ("sources", "begins", "targets", "counts")

    def __init__(self, sources: Any, begins: Any, targets: Any, counts: Any) -> None:
        self.sources, self.begins, self.targets, self.counts = sources, begins, targets, counts

    @classmethod
    def train(cls, pairs: Iterable[AlignedPair], source_words: Vocabulary, target_words: Vocabulary) -> PhraseTable:
        """The table of the phrase pairs of sentence pairs."""
        rows: list[Any] = [np.zeros((0, LONGEST_SOURCE + LONGEST_TARGET), np.int32)]
        for pair in pairs:
            source, target = source_words.numbers(pair.source), target_words.numbers(pair.target)
            spans = np.array(list(phrase_pairs(len(source), len(target), pair.links)), np.int64).reshape(-1, 4)
            sides = _phrases(source, spans[:, :2], LONGEST_SOURCE), _phrases(target, spans[:, 2:], LONGEST_TARGET)
            rows.append(np.concatenate(sides, axis=1))
        unique, _, together = _grouped(np.concatenate(rows), np.ones(sum(map(len, rows)), np.int64))
        source_phrases, of_source, source_counts = _grouped(unique[:, :LONGEST_SOURCE], together)
        _, of_target, target_counts = _grouped(unique[:, LONGEST_SOURCE:], together)

        # The most frequent translations first, then in the numbers' order, which the stable sort keeps.
        order = np.lexsort((-together, of_source))
        begins = np.searchsorted(of_source, np.arange(len(source_phrases) + 1))
        kept = order[np.arange(len(order)) - begins[of_source[order]] < TRANSLATIONS]
        counts = np.stack([together, source_counts[of_source], target_counts[of_target]], axis=1)[kept].astype(np.int32)
        begins = np.searchsorted(of_source[kept], np.arange(len(source_phrases) + 1))
        return cls(np.ascontiguousarray(source_phrases.T), begins, unique[kept, LONGEST_SOURCE:], counts)

    @classmethod
    def read(cls, folder: Path) -> PhraseTable:
        """Opens what ``write`` wrote; the arrays stay on disk."""
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in cls.NAMES))

    def write(self, folder: Path) -> None:
        """Writes its arrays into a folder."""
        folder.mkdir(exist_ok=True)
        for name in self.NAMES:
            np.save(folder / f"{name}.npy", getattr(self, name))

    def phrases(self, sentence: Sequence[int]) -> dict[tuple[int, int], int]:
        """The phrases of a sentence that the table has: (start, end) to their place in the table."""
        known: dict[tuple[int, int], int] = {}
        words = np.array(sentence, self.sources.dtype)  # numbers of another type would make searchsorted copy the column
        for start in range(len(sentence)):
            low, high = 0, self.sources.shape[1]
            for length, word in enumerate(words[start : start + LONGEST_SOURCE]):
                column = self.sources[length, low:high]
                low, high = low + int(column.searchsorted(word, "left")), low + int(column.searchsorted(word, "right"))
                if low == high:
                    break
                # A phrase stands before the longer ones that begin with it.
                if length + 1 == LONGEST_SOURCE or self.sources[length + 1, low] == NOTHING:
                    known[start, start + length + 1] = low
        return known

    def translations(self, phrase: int) -> list[Translation]:
        """The translations of the phrase at a place in the table, the most frequent first."""
        begin, end = int(self.begins[phrase]), int(self.begins[phrase + 1])
        targets, counts = self.targets[begin:end].tolist(), self.counts[begin:end].tolist()
        return [
            Translation(tuple(word for word in words if word != NOTHING), *numbers) for words, numbers in zip(targets, counts, strict=True)
        ]


def _phrases(sentence: Sequence[int], spans: Any, longest: int) -> Any:
    """The phrases [spans, longest] at spans [spans, 2] of a sentence, filled up with zeros."""
    places = spans[:, :1] + np.arange(longest)
    padded = np.array([*sentence, *[NOTHING] * longest], np.int32)
    return np.where(places < spans[:, 1:], padded[places], np.int32(NOTHING))


def _grouped(rows: Any, counts: Any) -> tuple[Any, Any, Any]:
    """The different rows in their order, which of them each row is, and the sum of their counts."""
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.ones(len(rows), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    of_unique = np.empty(len(rows), np.int64)
    of_unique[order] = np.cumsum(new) - 1
    return ordered[new], of_unique, np.bincount(of_unique, counts, int(new.sum())).astype(np.int64)
