"""TREC files: runs (``topic Q0 document rank score tag``) and qrels (``topic 0 document grade``)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from .errors import InputError, bad_line
from .files import lines, whole

REVISION = 1
"""Raise it with every change to the order or the format of the same scores."""

Run = dict[str, dict[str, float]]
"""Topic id to document id to score."""
Qrels = dict[str, dict[str, int]]
"""Topic id to document id to grade; grades above zero are relevant."""
Judgement = tuple[int, str, str, str]
"""A judgement in a file: line, topic, document, grade."""

LONGEST_ID = 1000
"""The most characters in an id."""
COLUMNS = "topic Q0 document rank score tag"
SCORE = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,5})?", re.ASCII)
GRADE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
"""Numbers as trec_eval reads them: Python also accepts ``1_0`` and digits of other scripts."""


def wrong_id(identity: str) -> str | None:
    """Why a text cannot be the id of a topic or document in TREC files; None if it can."""
    if not identity:
        return "is empty"
    if len(identity) > LONGEST_ID:
        return f"has {len(identity):,} characters, of {LONGEST_ID:,} at the most"
    if identity.isascii() and identity.isprintable() and " " not in identity:
        return None
    if identity.split() != [identity]:
        return "has a space in it"
    # Cf: direction marks, zero-width blanks; Cs: half a surrogate pair. The joiners of Arabic and Indic scripts are allowed.
    hidden = [letter for letter in identity if unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter not in "\u200c\u200d"]
    return f"has a hidden character in it (U+{ord(hidden[0]):04X})" if hidden else None


class LookalikeIds:
    """Detects ids that differ only in how Unicode writes their letters: they look the same."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[str, int]] = {}

    def clash(self, what: str, identity: str, line: int) -> int | None:
        """The line of an earlier id of a topic or document that looks the same but differs; None if there is none."""
        if identity.isascii():
            return None
        first, first_line = self._first.setdefault((what, unicodedata.normalize("NFC", identity)), (identity, line))
        return None if first == identity else first_line


def _check_ids(path: Path | str, number: int, topic: str, document: str, lookalikes: LookalikeIds) -> None:
    """Raises InputError if an id in a line of a run or of qrels is not allowed."""
    for what, identity in (("topic", topic), ("document", document)):
        if fault := wrong_id(identity):
            raise bad_line(path, number, f'the id "{identity}" of a {what} {fault}', "ids that TREC files can hold")
        if earlier := lookalikes.clash(what, identity, number):
            raise bad_line(path, number, f"the {what} {identity} {describe_lookalike(f'line {earlier}')}", "one form (NFC) for an id")


def describe_lookalike(where: str) -> str:
    """The error for an id that ``LookalikeIds`` detected; ``where``: the place of the other id."""
    return f"is that of {where}, but for how Unicode writes its letters"


def ranking(hits: Mapping[str, float], depth: int = 1000) -> list[tuple[str, float]]:
    """The best ``depth`` hits, best first, with scores that decrease strictly even as 32-bit floats.

    Evaluators break ties differently (trec_eval by descending document id, ranx by input order), and trec_eval reads 32-bit
    floats. Ties are broken here, by ascending document id, so that every evaluator sees the same ranking.
    """
    ordered = sorted(hits.items(), key=lambda hit: (-hit[1], hit[0]))[:depth]
    ranked_hits, previous = [], np.float32(np.inf)
    for document, score in ordered:
        score_32 = min(np.float32(score), np.nextafter(previous, np.float32(-np.inf)))
        ranked_hits.append((document, float(score_32)))
        previous = score_32
    return ranked_hits


def write_run(path: Path, run: Run, tag: str, depth: int = 1000) -> None:
    """Writes a run in six columns; raises ValueError for a score that is not finite."""
    with whole(path) as file:
        for topic, hits in run.items():
            for document, score in hits.items():
                if not math.isfinite(score):
                    raise ValueError(f"{tag}: the score of {document} for topic {topic} is {score}; NaN would look like a perfect ranking")
            for rank, (document, score) in enumerate(ranking(hits, depth), 1):
                file.write(f"{topic} Q0 {document} {rank} {score:.9g} {tag}\n")


def read_run(path: Path | str, *, finished: bool = False) -> Run:
    """Reads a run; raises InputError with file and line for a bad line.

    A ``finished`` run may be empty: BM25 may find nothing for topics in another language.
    """
    run: Run = {}
    lookalikes = LookalikeIds()
    for number, line in lines(path):
        columns = line.split()
        if len(columns) != 6:
            raise bad_line(path, number, f"{len(columns)} columns", f"six: {COLUMNS}")
        topic, _, document, _, text, _ = columns
        _check_ids(path, number, topic, document, lookalikes)
        score = float(text) if SCORE.fullmatch(text) else math.nan
        if not math.isfinite(score):
            raise bad_line(path, number, f'the score "{text}" is no finite number in the digits 0 to 9', COLUMNS)
        hits = run.setdefault(topic, {})
        if document in hits:
            raise bad_line(path, number, f"document {document} stands twice for topic {topic}", "each document once a topic")
        hits[document] = score
    if not run and not finished:
        raise InputError(f"{path}: no hits in it; expected lines of six columns: {COLUMNS}")
    return run


def write_qrels(path: Path, qrels: Qrels) -> None:
    """Writes qrels in four columns."""
    with whole(path) as file:
        for topic, grades in qrels.items():
            for document, grade in grades.items():
                file.write(f"{topic} 0 {document} {grade}\n")


def read_qrels(path: Path | str) -> Qrels:
    """Reads qrels; raises InputError with file and line for a bad line."""
    return gather_qrels(path, judgements(path), "topic 0 document grade", "four columns")


def judgements(path: Path | str) -> Iterator[Judgement]:
    """The judgement on each line; raises InputError with file and line for another number of columns."""
    for number, line in lines(path):
        columns = line.split()
        if len(columns) != 4:
            raise bad_line(path, number, f"{len(columns)} columns", "four: topic 0 document grade")
        topic, _, document, grade = columns
        yield number, topic, document, grade


def gather_qrels(path: Path | str, judged: Iterable[Judgement], expected: str, columns: str) -> Qrels:
    """Judgements of any format, checked; ``expected`` and ``columns`` tell the format in errors.

    Raises InputError with file and line for an id or a grade that cannot be, a document judged twice, and no judgement at all.
    """
    qrels: Qrels = {}
    lookalikes = LookalikeIds()
    for number, topic, document, text in judged:
        _check_ids(path, number, topic, document, lookalikes)
        if not GRADE.fullmatch(text):
            raise bad_line(path, number, f'the grade "{text}" is no whole number of up to nine digits 0 to 9', expected)
        grades = qrels.setdefault(topic, {})
        if document in grades:
            raise bad_line(path, number, f"document {document} is judged twice for topic {topic}", "one judgement a document and topic")
        grades[document] = int(text)
    if not qrels:
        raise InputError(f"{path}: no judgements in it; expected lines of {columns}: {expected}")
    return qrels
