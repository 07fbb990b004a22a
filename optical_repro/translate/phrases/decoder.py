"""The decoder: the best sequence of phrase translations, from left to right, in the order of the source phrases.

A reordering limit of three words gave no better translations of Hausa, and phrases have their words' order inside.
"""

from __future__ import annotations

from typing import NamedTuple

from .language_model import LanguageModel
from .options import Option, Phrases
from .vocabulary import END

REVISION = 1
"""Raise it with every change to the translation of the same options."""

BEAM = 20
"""The translations of the same words that are kept, the best."""


class Step(NamedTuple):
    """A translation of the first words of a sentence, as its last phrase and the translation before that."""

    score: float
    state: int
    """The language model's."""
    end: int
    option: Option | None
    before: Step | None


def decode(phrases: Phrases, model: LanguageModel, fluency: float, beam: int = BEAM) -> list[tuple[int, Option]]:
    """The best translation of a sentence: the ends of its phrases, in order, each with its option.

    ``fluency``: the weight of the language model. Translations of the same first words that end in the same two words have the same
    future, so only the best of them goes on.
    """
    places: list[dict[int, Step]] = [{} for _ in range(len(phrases) + 1)]
    places[0][model.BEGIN] = Step(0.0, model.BEGIN, 0, None, None)
    for place, beginning in enumerate(phrases):
        for step in sorted(places[place].values(), key=_rank)[:beam]:
            for end, options in beginning:
                ends, last = places[end], end == len(phrases)
                for option in options:
                    score, state = step.score + option.score, step.state
                    for number in option.numbers:
                        score += fluency * model.log(state, number)
                        state = model.after(state, number)
                    if last:
                        score += fluency * model.log(state, END)
                    best = ends.get(state)
                    if best is None or score > best.score:
                        ends[state] = Step(score, state, end, option, step)
    return _path(min(places[-1].values(), key=_rank))


def _rank(step: Step) -> tuple[float, int]:
    """The best first; equals in the order of their words."""
    return -step.score, step.state


def _path(step: Step) -> list[tuple[int, Option]]:
    path: list[tuple[int, Option]] = []
    while step.option is not None and step.before is not None:
        path.append((step.end, step.option))
        step = step.before
    return path[::-1]
