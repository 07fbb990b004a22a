"""An answer as text for the terminal."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata

from ..base.marks import mark, marked
from .finder import Answer, Finder, Hit, Match

EXCERPT = 320
"""Maximum length of the excerpt of a passage, in characters."""

UNKNOWN = "no word of it is known to the lexicon or the documents: nothing is shown"
CHANCE = "no better than chance"


def listing(answer: Answer, finder: Finder) -> str:
    """The query, if it differs from the topic, and the hits with the words that match; or that nothing is known of the topic."""
    parts = [f"read as: {answer.query}"] if answer.query != answer.topic else []
    if not answer.known:
        parts.append(UNKNOWN)
    elif not any(hit.better_than_chance for hit in answer.hits):
        parts.append(f"these hits are {CHANCE}: topics that mean nothing score up to {finder.chance:.3f}")
    hits = [f"{number}. {format_hit(hit, finder.match(answer.query, hit.passage))}" for number, hit in enumerate(answer.hits, 1)]
    return "\n" + "\n\n".join([*parts, *hits]) + "\n"


def format_hit(hit: Hit, match: Match) -> str:
    """A hit as text: title, score and id, excerpt, and the pairs of words that match."""
    width = min(shutil.get_terminal_size().columns, 110) - 4
    text = match.passage.text
    title = unicodedata.normalize("NFC", " ".join(hit.passage.title.split()))
    weights = match.marks
    text_starts = len(title) + 1 if title else 0
    start, end = excerpt(text, text_starts, weights)
    spans = [(first - start, last - start) for first, last in weights if first >= start and last <= end]
    # Wrapping replaces blanks by line breaks, so the spans do not move.
    wrapped = "\n".join(textwrap.wrap(text[start:end], width, break_long_words=False, break_on_hyphens=False))
    body = ("… " if start > text_starts else "") + mark(wrapped, spans) + (" …" if end < len(text) else "")
    pairs = [
        f"{match.query.words[here].text} → {marked(match.passage.words[there].text)} {cosine:.2f}" for here, there, cosine in match.strong
    ]
    chance = "" if hit.better_than_chance else f"  ({CHANCE})"
    head = f"{title or hit.passage.id}  {hit.score:.3f}  [{hit.passage.id}]{chance}"
    return "\n    ".join([head, *body.split("\n"), ", ".join(pairs)])


def excerpt(text: str, begin: int, weights: dict[tuple[int, int], float]) -> tuple[int, int]:
    """Start and end of the ``EXCERPT`` characters after ``begin`` with the most weight, cut between words; all of a short text."""
    if len(text) - begin <= EXCERPT:
        return begin, len(text)
    starts = [begin, *(place + 1 for place in range(begin, len(text) - EXCERPT) if text[place] == " ")]

    def weight_after(start: int) -> float:
        return sum(weight for (first, last), weight in weights.items() if first >= start and last <= start + EXCERPT)

    start = max(starts, key=weight_after)
    end = start + EXCERPT
    return start, len(text) if end >= len(text) else text.rfind(" ", start, end + 1) if " " in text[start : end + 1] else end
