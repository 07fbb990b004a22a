"""The decoder: the best sequence of phrase translations, from left to right, in the order of the source phrases.

A reordering limit of three words gave no better translations of Hausa, and phrases have their words' order inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .language_model import LanguageModel
from .options import Option
from .vocabulary import END

REVISION = 1
"""Raise it with every change to the translation of the same options."""

BEAM = 20
"""The translations of the same words that are kept, the best."""

PHRASES = 12
"""The options of the same words that are tried, the best by themselves."""


class Step(NamedTuple):
    """A translation of the first words of a sentence, as its last phrase and the translation before that."""

    score: float
    state: int
    """The language model's."""
    option: Option | None
    before: Step | None


def decode(
    options: Sequence[Sequence[Option]], model: LanguageModel, fluency: float, beam: int = BEAM, phrases: int = PHRASES
) -> list[Option]:
    """The options of the best translation of a sentence, in order.

    ``options``: those that begin at each word; ``fluency``: the weight of the language model. Translations of the same first words
    with the same last two words have the same future, so only the best of them goes on.
    """
    places: list[dict[int, Step]] = [{} for _ in range(len(options) + 1)]
    places[0][model.BEGIN] = Step(0.0, model.BEGIN, None, None)
    for place, starting in enumerate(options):
        tried = _best(starting, model, fluency, phrases)
        for step in sorted(places[place].values(), key=lambda step: (-step.score, step.state))[:beam]:
            for option in tried:
                score, state = step.score + option.score, step.state
                for number in option.numbers:
                    score += fluency * model.log(state, number)
                    state = model.after(state, number)
                if option.end == len(options):
                    score += fluency * model.log(state, END)
                best = places[option.end].get(state)
                if best is None or score > best.score:
                    places[option.end][state] = Step(score, state, option, step)
    return _path(min(places[-1].values(), key=lambda step: (-step.score, step.state)))


def _best(options: Sequence[Option], model: LanguageModel, fluency: float, count: int) -> list[Option]:
    """Of the options of the same words, the best by their scores and by the language model without what goes before."""

    def estimate(option: Option) -> float:
        score, state = option.score, model.EMPTY
        for number in option.numbers:
            score += fluency * model.log(state, number)
            state = model.after(state, number)
        return score

    by_end: dict[int, list[Option]] = {}
    for option in options:
        by_end.setdefault(option.end, []).append(option)
    return [option for same in by_end.values() for option in sorted(same, key=lambda option: (-estimate(option), option.words))[:count]]


def _path(step: Step) -> list[Option]:
    options: list[Option] = []
    while step.option is not None and step.before is not None:
        options.append(step.option)
        step = step.before
    return options[::-1]
