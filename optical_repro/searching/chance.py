"""What a topic that means nothing scores: the reference for hits that are no better than chance."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import regex

from ..base.files import whole
from ..base.words import Token, rewritten

REVISION = 1
"""Raise it with every change to the scores of the same topics, model and index."""

DRAWN = 200
"""Meaningless topics. The 95th percentile of 200 scores has a standard error of about a tenth of their standard deviation."""

LEVEL = 0.95
"""A hit is better than chance if its score is above that share of the best scores of meaningless topics."""

FILE = "chance.json"


def meaningless(topics: Iterable[str], seed: int = 42, count: int = DRAWN) -> list[str]:
    """Topics of made-up words: ``count`` of the topics, each with the letters of every word of more than one letter in random order.

    They have the script, the letters and the lengths of real topics, and say nothing of any document.

    >>> meaningless(["Ta ló ń ṣe òfin?"], count=2)
    ['aT ló ń eṣ niòf?', 'Ta ól ń eṣ finò?']
    """
    draw, texts = random.Random(seed), sorted(set(topics))
    return [_shuffled(draw.choice(texts), draw) for _ in range(count)]


def _shuffled(text: str, draw: random.Random) -> str:
    def shuffled(token: Token) -> str:
        letters = regex.findall(r"\X", token.text)
        draw.shuffle(letters)
        return "".join(letters)

    return rewritten(text, shuffled)


def write(topics: Sequence[str], best_scores: Callable[[Sequence[str]], Sequence[float]], folder: Path) -> None:
    """Writes the best score of each meaningless topic, rising."""
    scores = sorted(round(float(score), 6) for score in best_scores(meaningless(topics)))
    with whole(folder / FILE) as file:
        json.dump({"best scores": scores}, file)


def threshold(folder: Path) -> float:
    """The score above which a hit is better than chance."""
    scores = json.loads((folder / FILE).read_text(encoding="utf-8"))["best scores"]
    return float(np.quantile(scores, LEVEL))
