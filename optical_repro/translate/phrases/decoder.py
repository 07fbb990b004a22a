"""The decoder: the best sequence of phrase translations, from left to right, in the order of the source phrases.

A reordering limit of three words gave no better translations of Hausa, and phrases have their words' order inside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .language_model import LanguageModel
from .options import Option, Phrases, padded
from .vocabulary import END

REVISION = 1
"""Raise it with every change to the translation of the same options."""

BEAM = 20
"""The translations of the same words that are kept, the best."""


class Arrivals(NamedTuple):
    """Translations that end at one place, each of them another one and a phrase from a place before."""

    scores: Any
    """float64 [steps x options], like the others: all options after the first step, after the second ..."""
    states: Any
    """Those of the language model, int64."""
    start: int
    options: tuple[Option, ...]
    """The phrase's."""


class Steps(NamedTuple):
    """The best translations of the words before a place, the best first."""

    scores: Any
    states: Any
    origins: list[tuple[Arrivals, int]]
    """Of each, the arrivals that it is from, and its number in them."""


def decode(phrases: Phrases, model: LanguageModel, fluency: float, beam: int = BEAM) -> list[tuple[int, Option]]:
    """The best translation of a sentence: the ends of its phrases, in order, each with its option.

    ``fluency``: the weight of the language model. Translations of the same first words that end in the same two words have the same
    future, so only the best of them goes on.
    """
    if not phrases:
        return []
    arrivals: list[list[Arrivals]] = [[] for _ in range(len(phrases) + 1)]
    steps = [Steps(np.zeros(1), np.array([model.BEGIN]), [])]
    for start, beginning in enumerate(phrases):
        before = steps[start]
        options = [option for _, several in beginning for option in several]
        logs, states = model.follow(before.states, padded(options))
        scores = before.scores[:, None] + np.array([option.score for option in options]) + fluency * logs
        first = 0
        for end, several in beginning:
            columns = slice(first, first := first + len(several))
            arrivals[end].append(Arrivals(scores[:, columns].ravel(), states[:, columns].ravel(), start, several))
        steps.append(_best(arrivals[start + 1], beam if start + 1 < len(phrases) else None))
    last = steps[-1]
    totals = last.scores + fluency * model.logs(last.states, np.full(len(last.states), END))
    return _path(steps, int(totals.argmax()))


def _best(arrivals: list[Arrivals], beam: int | None) -> Steps:
    """The best arrival in each state, at most ``beam``, or all; of equals the lower state, and the first arrival."""
    scores, states = (np.concatenate([getattr(one, name) for one in arrivals]) for name in ("scores", "states"))
    order = np.lexsort((states, -scores))
    _, first = np.unique(states[order], return_index=True)
    chosen = order[np.sort(first)[:beam]]
    begins = np.cumsum([0, *(len(one.scores) for one in arrivals)])
    of = begins.searchsorted(chosen, "right") - 1
    numbers = chosen - begins[of]
    origins = [(arrivals[one], number) for one, number in zip(of.tolist(), numbers.tolist(), strict=True)]
    return Steps(scores[chosen], states[chosen], origins)


def _path(steps: list[Steps], number: int) -> list[tuple[int, Option]]:
    """The phrases that led to a step at the last place."""
    path: list[tuple[int, Option]] = []
    place = len(steps) - 1
    while place:
        arrivals, number = steps[place].origins[number]
        number, option = divmod(number, len(arrivals.options))
        path.append((place, arrivals.options[option]))
        place = arrivals.start
    return path[::-1]
