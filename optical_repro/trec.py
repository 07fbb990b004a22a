"""TREC files: runs (``topic Q0 document rank score tag``) and qrels (``topic 0 document grade``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .errors import InputError, bad_line
from .files import lines, whole

REVISION = 1
"""To be raised with every change to the order or the writing of the same scores."""

Run = dict[str, dict[str, float]]
"""Topic id to document id to score."""
Qrels = dict[str, dict[str, int]]
"""Topic id to document id to grade; grades above zero are relevant."""


def ranking(hits: Mapping[str, float], depth: int = 1000) -> list[tuple[str, float]]:
    """The best ``depth`` hits, best first, with scores that fall strictly even as 32-bit floats.

    Evaluators break ties differently (trec_eval by falling document id, ranx by input order), and trec_eval reads 32-bit
    floats. Ties are broken here, by rising document id, so that every evaluator sees one ranking.
    """
    ordered = sorted(hits.items(), key=lambda hit: (-hit[1], hit[0]))[:depth]
    ranked, above = [], np.float32(np.inf)
    for document, score in ordered:
        below = min(np.float32(score), np.nextafter(above, np.float32(-np.inf)))
        ranked.append((document, float(below)))
        above = below
    return ranked


def write_run(path: Path, run: Run, tag: str, depth: int = 1000) -> None:
    """Writes a run in six columns; raises ValueError at a score that is not finite."""
    with whole(path) as file:
        for topic, hits in run.items():
            for document, score in hits.items():
                if not math.isfinite(score):
                    raise ValueError(f"{tag}: the score of {document} for topic {topic} is {score}; NaN would look like a perfect ranking")
            for rank, (document, score) in enumerate(ranking(hits, depth), 1):
                file.write(f"{topic} Q0 {document} {rank} {score:.9g} {tag}\n")


def read_run(path: Path | str, *, finished: bool = False) -> Run:
    """Reads a run of anyone's; raises InputError naming file and line where a line is not a run's.

    A run that is known to be ``finished`` may be empty: BM25 over topics in another language may find nothing at all.
    """
    run: Run = {}
    for number, line in lines(path):
        columns = line.split()
        if len(columns) != 6:
            raise bad_line(path, number, f"{len(columns)} columns", "six: topic Q0 document rank score tag")
        topic, _, document, _, text, _ = columns
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise bad_line(path, number, f'the score "{text}" is no finite number', "topic Q0 document rank score tag")
        hits = run.setdefault(topic, {})
        if document in hits:
            raise bad_line(path, number, f"document {document} stands twice for topic {topic}", "each document once a topic")
        hits[document] = score
    if not run and not finished:
        raise InputError(f"{path}: no hits in it; expected lines of six columns: topic Q0 document rank score tag")
    return run


def write_qrels(path: Path, qrels: Qrels) -> None:
    """Writes qrels in four columns."""
    with whole(path) as file:
        for topic, grades in qrels.items():
            for document, grade in grades.items():
                file.write(f"{topic} 0 {document} {grade}\n")


def read_qrels(path: Path | str) -> Qrels:
    """Reads qrels; raises InputError naming file and line where a line is not a judgement."""
    qrels: Qrels = {}
    for number, line in lines(path):
        columns = line.split()
        if len(columns) != 4:
            raise bad_line(path, number, f"{len(columns)} columns", "four: topic 0 document grade")
        topic, _, document, text = columns
        try:
            grade = int(text)
        except ValueError:
            raise bad_line(path, number, f'the grade "{text}" is no whole number', "topic 0 document grade") from None
        grades = qrels.setdefault(topic, {})
        if document in grades:
            raise bad_line(path, number, f"document {document} is judged twice for topic {topic}", "one judgement a document and topic")
        grades[document] = grade
    if not qrels:
        raise InputError(f"{path}: no judgements in it; expected lines of four columns: topic 0 document grade")
    return qrels
