"""Phrase pairs that agree with word links (Koehn, Och and Marcu 2003)."""

from __future__ import annotations

from collections.abc import Iterator, Set

REVISION = 1
"""Raise it with every change to the phrase pairs of the same links."""

LONGEST_SOURCE = 5
LONGEST_TARGET = 7
"""The most words of a phrase on either side."""

Spans = tuple[int, int, int, int]
"""Start and end of a source phrase, start and end of a target phrase."""


def phrase_pairs(sources: int, targets: int, links: Set[tuple[int, int]]) -> Iterator[Spans]:
    """The phrase pairs of two sentences with so many words: no word of either phrase is linked to a word outside the other.

    Words without links may be added at both ends of a target phrase; each pair has at least one link.
    """
    by_source: list[list[int]] = [[] for _ in range(sources)]
    by_target: list[list[int]] = [[] for _ in range(targets)]
    for source, target in links:
        by_source[source].append(target)
        by_target[target].append(source)
    lowest, highest = [min(places, default=-1) for places in by_target], [max(places, default=-1) for places in by_target]
    for start in range(sources):
        first, last = targets, -1
        for end in range(start + 1, min(sources, start + LONGEST_SOURCE) + 1):
            if by_source[end - 1]:
                first, last = min(first, *by_source[end - 1]), max(last, *by_source[end - 1])
            if last < 0:
                continue
            if last - first >= LONGEST_TARGET:
                break
            if any(by_target[place] and (lowest[place] < start or highest[place] >= end) for place in range(first, last + 1)):
                continue
            for left in _free(by_target, first, -1):
                for right in _free(by_target, last, 1):
                    if right - left < LONGEST_TARGET:
                        yield start, end, left, right + 1


def _free(links: list[list[int]], place: int, step: int) -> Iterator[int]:
    """A place, and those after it in a direction until the next word that has links."""
    yield place
    place += step
    while 0 <= place < len(links) and not links[place]:
        yield place
        place += step
