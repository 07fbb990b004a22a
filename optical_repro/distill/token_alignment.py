"""The transport plan of a pair of texts, by token and by word, and its agreement with a word aligner."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..base.words import words
from ..bitext.readers import Pair
from ..encoders.reading import Reading, read_all
from ..lexicon.alignment import Link

if TYPE_CHECKING:
    from ..encoders.text_encoder import TextEncoder


REVISION = 1
"""To be raised with every change to the word links of the same plan."""


@dataclass(frozen=True)
class TokenAlignment:
    """How mass moves from a student's tokens to its teacher's, in the plan that training would use."""

    student: Reading
    teacher: Reading
    plan: np.ndarray
    """Mass that moves from student token i to teacher token j, adding up to 1: [n, m]."""
    loss: float
    """The plan's cost, <plan, 1 - cosine>: the objective ``ot`` on this pair."""

    @property
    def shares(self) -> np.ndarray:
        """The plan, each cell as a share of the most mass that its two tokens can exchange: [n, m], from 0 to 1."""
        return np.clip(self.plan * max(self.plan.shape), 0, 1)

    @property
    def word_mass(self) -> np.ndarray:
        """Mass that moves from each word of the student's text to each of the teacher's, summed over their pieces: [words, words]."""
        return self._by_words(self.plan)

    def links(self) -> list[tuple[int, int]]:
        """(student word, teacher word): each word of the student's text with the one that gets most of its mass."""
        return [(word, int(row.argmax())) for word, row in enumerate(self.word_mass) if row.size and row.max() > 0]

    def matches(self) -> list[tuple[int, int, float]]:
        """(student word, teacher word, the highest cosine of their tokens): each word with its nearest by the plan.

        The nearest has the most mass times cosine: between a topic and a long passage, a word's mass spreads over many words.
        """
        cosine = self.student.vectors @ self.teacher.vectors.T
        matches = []
        for student_word, row in enumerate(self._by_words(self.plan * cosine)):
            if row.size and row.max() > 0:
                teacher_word = int(row.argmax())
                pieces = np.ix_(self.student.word_of == student_word, self.teacher.word_of == teacher_word)
                matches.append((student_word, teacher_word, float(cosine[pieces].max())))
        return matches

    def _by_words(self, matrix: np.ndarray) -> np.ndarray:
        """Sums a matrix over tokens [n, m] by the words of its pieces: [words, words]."""
        return self.teacher.by_word(self.student.by_word(matrix).T).T

    def pharaoh(self) -> str:
        """The links as aligners write them, words counted from 0: ``0-2 1-0``."""
        return " ".join(f"{student_word}-{teacher_word}" for student_word, teacher_word in self.links())


def align(student: TextEncoder, teacher: TextEncoder, text: str, english: str, transport: Sequence[str] = ()) -> TokenAlignment:
    """Aligns a text with its English translation; ``transport``: other ways to make the plan, from ``ways.OF_A_PAIR``.

    Raises InputError if a text has no token, or the two encoders cannot be compared.
    """
    [alignment] = align_all(student, teacher, [Pair(text, english)], transport)
    return alignment


def align_all(student: TextEncoder, teacher: TextEncoder, pairs: Sequence[Pair], transport: Sequence[str] = ()) -> list[TokenAlignment]:
    """Aligns texts with their English translations as `align` does, many times faster than one by one."""
    if student.dimension != teacher.dimension:
        raise InputError(
            f"{student.name} has vectors of {student.dimension} numbers, its teacher {teacher.name} of {teacher.dimension}; "
            "expected the teacher that it was trained with"
        )
    targets, english = read_all(student, [pair.target for pair in pairs]), read_all(teacher, [pair.english for pair in pairs])
    return [align_readings(ours, theirs, transport) for ours, theirs in zip(targets, english, strict=True)]


def align_readings(student: Reading, teacher: Reading, transport: Sequence[str] = ()) -> TokenAlignment:
    """Aligns the two encoders' readings of a pair; raises InputError if one has no token."""
    import torch

    from . import plans
    from .batch import Batch
    from .transport import TOLERANCE, cosine_cost

    for side in (student, teacher):
        if not side.pieces:
            raise InputError(f'nothing to align in "{side.text}"; expected a sentence')
    ours, theirs = (torch.from_numpy(side.vectors)[None] for side in (student, teacher))
    cost = cosine_cost(ours, theirs)
    masks = torch.ones(ours.shape[:2]), torch.ones(theirs.shape[:2])
    plan = plans.make(Batch(ours, masks[0], theirs, masks[1], transport=tuple(transport)), *masks, TOLERANCE)
    return TokenAlignment(student, teacher, plan[0].numpy(), float((plan * cost).sum()))


@dataclass(frozen=True)
class Agreement:
    """How far word links agree with an aligner's, counted over many pairs (Och and Ney 2003, Computational Linguistics 29:1)."""

    links: int
    possible: int
    """Of ``links``, those that the aligner found in at least one direction."""
    sure: int
    """Of ``links``, those that the aligner found in both directions."""
    all_sure: int
    """All links that the aligner found in both directions."""
    pairs: int

    @property
    def precision(self) -> float:
        """Share of the links that are possible."""
        return self.possible / max(self.links, 1)

    @property
    def recall(self) -> float:
        """Share of the aligner's sure links that are among these."""
        return self.sure / max(self.all_sure, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.precision * self.recall / (self.precision + self.recall) if self.possible and self.sure else 0.0

    @property
    def score(self) -> float:
        """One minus the alignment error rate: 1 if all sure links and only possible ones were found."""
        return (self.possible + self.sure) / max(self.links + self.all_sure, 1)


def agreement(alignments: Iterable[TokenAlignment], aligner_links: Sequence[Sequence[Link]]) -> Agreement:
    """Compares each alignment's word links with those of ``lexicon.alignment.align`` for the same pair.

    An aligner's link of weight 1 is sure and must be found; the others are possible and may be.
    """
    links = possible = sure = all_sure = pairs = 0
    for alignment, weighted_links in zip(alignments, aligner_links, strict=True):
        ours = set(alignment.links())
        theirs = {(student_word, teacher_word): weight for student_word, teacher_word, weight in weighted_links}
        sure_links = {link for link, weight in theirs.items() if weight == 1}
        links, possible = links + len(ours), possible + len(ours & theirs.keys())
        sure, all_sure = sure + len(ours & sure_links), all_sure + len(sure_links)
        pairs += 1
    return Agreement(links, possible, sure, all_sure, pairs)


def measure(
    students: Mapping[str, TextEncoder],
    teacher: TextEncoder,
    pairs: Sequence[Pair],
    seed: int = 42,
    most: int = 500,
    transport: Sequence[str] = (),
) -> dict[str, Agreement]:
    """The agreement of each student's word links with the aligner's, on the same ``most`` pairs drawn by ``seed``.

    The aligner reads all ``pairs``, and needs about a thousand for good links; students should not have been trained on them.
    """
    from ..lexicon.alignment import align as align_words

    all_links = align_words([(words(pair.target), words(pair.english)) for pair in pairs], seed)
    indices = sorted(random.Random(seed).sample(range(len(pairs)), min(most, len(pairs))))
    sample, links = [pairs[index] for index in indices], [all_links[index] for index in indices]
    return {name: agreement(align_all(student, teacher, sample, transport), links) for name, student in students.items()}
