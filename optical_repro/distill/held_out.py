"""Parallel text that a student was not trained on, with a word aligner's links: what its alignments are measured by."""

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
"""To be raised with every change to the pairs that are held out, or their links."""

MOST = 200
"""Held-out pairs, at the most."""
FEWEST = 30
"""With fewer, the score would be chance."""
COMPANY = 1500
"""Sentence pairs that the aligner reads beside the held-out ones: alone, they would be too few for it."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out pairs, and the sentence pairs that the aligner reads beside them."""

    pairs: list[Pair]
    company: list[Pair]
    origin: str
    """What the pairs are, in words."""


def hold_out(topics: Sequence[Pair], bitext: Sequence[Pair], trained_on: Sequence[Pair], seed: int) -> HeldOut | None:
    """Chooses what to measure alignments on; None where there is too little.

    Topics with people's translations come first: no lexicon, from which a student's words start, was made of them. Failing
    those, sentence pairs that training does not read, though the lexicon may know them.
    """
    chance = random.Random(seed)
    read = set(trained_on)
    unread = [pair for pair in bitext if pair not in read]
    of_topics = len(topics) >= FEWEST
    pairs = [pair for pair in (topics if of_topics else unread) if words(pair.target) and words(pair.english)]
    if len(pairs) < FEWEST:
        return None
    chosen = chance.sample(pairs, min(len(pairs), MOST))
    held = set(chosen)
    company = [pair for pair in bitext if pair not in held]
    origin = "topics with their human translations" if of_topics else "sentence pairs that training did not read"
    return HeldOut(chosen, chance.sample(company, min(len(company), COMPANY)), origin)


def write_links(held_out: HeldOut, seed: int, path: Path) -> None:
    """Aligns the words of the held-out pairs and writes their links."""
    aligned = align([(words(pair.target), words(pair.english)) for pair in (*held_out.pairs, *held_out.company)], seed)
    with whole(path) as file:
        json.dump(aligned[: len(held_out.pairs)], file)


def read_links(path: Path) -> list[list[Link]]:
    """The links that `write_links` wrote, pair by pair."""
    return [[(here, there, weight) for here, there, weight in links] for links in json.loads(path.read_text(encoding="utf-8"))]
