"""An answer as JSON, for programs."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from ..collections.collection import Passage
from .finder import Answer, Finder, Match

Piece = str | tuple[str, str, float]
"""A part of a passage: text, or (a marked word, the query's word that the plan aligns with it, their cosine)."""


def record(answer: Answer, system: str) -> dict[str, Any]:
    """An answer as a JSON object: ``query`` (the topic, as asked), ``read_as``, ``system``, ``known`` and ``hits``.

    Each hit has ``docid``, ``score``, ``better_than_chance``, ``text``, and ``title`` if the document has one.
    """
    return {
        "query": answer.topic,
        "read_as": answer.query,
        "system": system,
        "known": answer.known,
        "hits": [
            {
                "docid": hit.passage.id,
                "score": round(hit.score, 6),
                "better_than_chance": hit.better_than_chance,
                **({"title": hit.passage.title} if hit.passage.title else {}),
                "text": hit.passage.text,
            }
            for hit in answer.hits
        ],
    }


def candidates(answer: Answer, finder: Finder) -> dict[str, Any]:
    """The hits by Pyserini's REST schema, with ``better_than_chance``; and ``read_as``, ``system``, ``known`` and ``chance``, the score."""
    return {
        "candidates": [
            {
                "docid": hit.passage.id,
                "score": round(hit.score, 6),
                "rank": rank,
                "doc": content(hit.passage),
                "better_than_chance": hit.better_than_chance,
            }
            for rank, hit in enumerate(answer.hits, 1)
        ],
        "read_as": answer.query,
        "system": finder.system,
        "known": answer.known,
        "chance": round(finder.chance, 6),
    }


def content(passage: Passage) -> dict[str, str] | str:
    """A document without its id by Pyserini's REST schema: an object, or the text alone of a document without a title."""
    return {"title": passage.title, "text": passage.text} if passage.title else passage.text


def marked_passage(passage: Passage, match: Match) -> dict[str, list[Piece]]:
    """Title and text in pieces: marked words, and what stands between them."""
    text, marks = match.passage.text, {}
    for here, there, cosine in sorted(match.strong, key=lambda pair: pair[2]):
        word = match.passage.words[there]
        marks[word.start, word.end] = (match.query.words[here].text, round(cosine, 3))
    title_end = len(unicodedata.normalize("NFC", " ".join(passage.title.split())))
    text_start = title_end + 1 if title_end else 0
    return {"title": _pieces(text, 0, title_end, marks), "text": _pieces(text, text_start, len(text), marks)}


def _pieces(text: str, begin: int, end: int, marks: dict[tuple[int, int], tuple[str, float]]) -> list[Piece]:
    """The pieces of a stretch of a text."""
    pieces: list[Piece] = []
    for (start, stop), (query_word, cosine) in sorted(marks.items()):
        if begin <= start and stop <= end:
            pieces += [text[begin:start], (text[start:stop], query_word, cosine)]
            begin = stop
    return [piece for piece in (*pieces, text[begin:end]) if piece]


def line(value: Any) -> str:
    """A value as one line of JSON Lines: letters of all scripts as they are, control characters and line separators escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)
