"""Parallel text that a student was not trained on, with a word aligner's links, to measure the student's alignments."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.files import whole
from ..base.words import words
from ..bitext.readers import Pair
from ..lexicon.alignment import Link, align

REVISION = 1
"""To be raised with every change to the held-out pairs or their links."""

MOST = 200
"""The maximum number of held-out pairs."""
FEWEST = 30
"""The minimum: with fewer pairs, the score would be chance."""
COMPANY = 1500
"""Sentence pairs that the aligner reads along with the held-out ones, which alone are too few for it."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out pairs, and the sentence pairs that the aligner reads along with them."""

    pairs: list[Pair]
    company: list[Pair]
    origin: str
    """Where the pairs come from, in words."""


def hold_out(topics: Sequence[Pair], bitext: Sequence[Pair], trained_on: Sequence[Pair], seed: int) -> HeldOut | None:
    """Chooses the pairs to measure alignments on; None if there are too few.

    Topics with human translations come first: the lexicon, from which a student's words start, was not made from them. Without
    those, takes sentence pairs that training does not read, though the lexicon may be made from them.
    """
    rng = random.Random(seed)
    training = set(trained_on)
    unread = [pair for pair in bitext if pair not in training]
    use_topics = len(topics) >= FEWEST
    pairs = [pair for pair in (topics if use_topics else unread) if words(pair.target) and words(pair.english)]
    if len(pairs) < FEWEST:
        return None
    sample = rng.sample(pairs, min(len(pairs), MOST))
    held_out = set(sample)
    company = [pair for pair in bitext if pair not in held_out]
    origin = "topics with their human translations" if use_topics else "sentence pairs that training did not read"
    return HeldOut(sample, rng.sample(company, min(len(company), COMPANY)), origin)


def write_links(held_out: HeldOut, seed: int, path: Path) -> None:
    """Aligns the words of the held-out pairs and writes their links."""
    links = align([(words(pair.target), words(pair.english)) for pair in (*held_out.pairs, *held_out.company)], seed)
    with whole(path) as file:
        json.dump(links[: len(held_out.pairs)], file)


def read_links(path: Path) -> list[list[Link]]:
    """The links that `write_links` wrote, pair by pair."""
    return [[(source, target, weight) for source, target, weight in links] for links in json.loads(path.read_text(encoding="utf-8"))]
