"""What the number of topics lets a report see: the smallest difference in MAP that would be significant."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from .significance import ALPHA, PERMUTATIONS, REARRANGEMENTS

if TYPE_CHECKING:
    from .results import Results

WANTED = 0.05
"""The difference in MAP for which `Power` reckons the topics needed."""
CHANCE = 0.8
"""The chance of finding it, as studies are usually planned (Sakai, Laboratory Experiments in Information Retrieval, Springer 2018)."""


@dataclass(frozen=True)
class Power:
    """What can become significant with these topics and comparisons; the fields are those of report.json."""

    topics: int
    comparisons: int
    level: float
    """What p must stay below before correction, for the first pair of the family to be significant."""
    smallest_p: float
    """The smallest p that the test can give on so many topics."""
    deviation: float | None
    """Median over the compared pairs of the standard deviation of their differences by topic; None where no pair differs."""
    smallest_significant: float | None
    """The smallest difference in MAP that would be significant; None where none can be."""
    detectable: float | None
    """The true difference that would be found significant with a chance of CHANCE; None where none can be."""
    topics_for_wanted: int | None
    """Topics with which a true difference of WANTED would be found with that chance."""


def power(results: Results) -> Power | None:
    """The power of a report's comparisons by MAP; None where nothing is compared.

    Mean differences are taken as normally distributed, with the spread that the compared pairs have (the paired t-test, which the
    randomization test comes close to), at the level of Holm's and Bonferroni's first step. Tukey's test is taken at Bonferroni's.
    """
    comparisons = [comparison for comparison in results.comparisons if comparison.metric == "map"]
    if not comparisons:
        return None
    topics, test, correction = len(results.qrels), comparisons[0].test, comparisons[0].correction
    systems = len(results.systems)
    family = {"none": 1, "tukey": math.comb(systems, 2)}.get(correction, len(comparisons))
    level, lowest = ALPHA / family, smallest_p(topics, test, systems)
    differences = [results.systems[one.a].scores["map"] - results.systems[one.b].scores["map"] for one in comparisons]
    spreads = [spread for one in differences if topics > 1 and (spread := float(one.std(ddof=1))) > 1e-12]
    deviation = median(spreads) if spreads else None
    bar = ALPHA if correction == "tukey" else level
    unit = deviation if deviation and lowest < bar else None
    return Power(
        topics=topics,
        comparisons=len(comparisons),
        level=level,
        smallest_p=lowest,
        deviation=deviation,
        smallest_significant=unit and _difference(topics, level, 0.5) * unit,
        detectable=unit and _difference(topics, level, CHANCE) * unit,
        topics_for_wanted=_topics_for(WANTED / deviation, level, lambda number: smallest_p(number, test, systems) < bar)
        if deviation
        else None,
    )


def smallest_p(topics: int, test: str, systems: int = 2) -> float:
    """The smallest p that a test can give on so many topics.

    The randomization test has 2^topics sign patterns, of which two are as extreme as the most extreme. The paired t-test has no such
    end, but needs two topics. In Tukey's test the best and the worst of the systems must be the same two on every topic.

    >>> smallest_p(5, "fisher")
    0.0625
    """
    if test == "student":
        return 0.0 if topics > 1 else 1.0
    if test == "tukey":
        return max(1 / REARRANGEMENTS, float(systems * (systems - 1)) ** (1 - topics))
    return 2.0 ** (1 - topics) if 2**topics <= PERMUTATIONS else 1 / PERMUTATIONS


def _difference(topics: int, level: float, chance: float) -> float:
    """The difference, in standard deviations, that is significant at a level with this chance; infinite on one topic."""
    from scipy.special import ndtri, stdtrit

    if topics < 2:
        return math.inf
    return float(stdtrit(topics - 1, 1 - level / 2) + ndtri(chance)) / math.sqrt(topics)


def _topics_for(difference: float, level: float, possible: Callable[[int], bool]) -> int | None:
    """The fewest topics with which a difference, in standard deviations, is found; None above a million.

    ``possible``: whether anything can be significant with so many topics.
    """
    low, high = 1, 2**20
    if not (possible(high) and _difference(high, level, CHANCE) <= difference):
        return None
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) and _difference(middle, level, CHANCE) <= difference else (middle, high)
    return high
