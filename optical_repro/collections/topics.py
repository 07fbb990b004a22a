"""Topics in TSV, CSV or JSONL, and the choice of those with a judgement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..base import csv_rows
from ..base.errors import InputError, bad_line
from ..base.files import json_lines, text_lines
from ..base.terminal import say
from ..base.trec import LookalikeIds, Qrels, describe_lookalike, wrong_id

EXPECTED = "topic id TAB text"
OBJECT = '{"_id": ..., "text": ...}'


COLUMNS = (
    frozenset({"id", "_id", "qid", "topic", "topic_id", "query_id", "number"}),
    frozenset({"text", "query", "question", "title"}),
)
"""Names of the two columns in the heading of a CSV file; it need not have one."""


def read_topics(path: Path) -> dict[str, str]:
    """Topic id to text, in the file's order: TSV or, by its name, CSV or JSONL; raises InputError with file and line for a bad line."""
    topics: dict[str, str] = {}
    lookalikes = LookalikeIds()
    is_jsonl = path.suffix == ".jsonl"
    expected = OBJECT if is_jsonl else EXPECTED
    for number, identity, text in (_jsonl if is_jsonl else _csv if csv_rows.is_csv(path) else _tsv)(path):
        if wrong := wrong_id(identity):
            raise bad_line(path, number, f'"{identity}" is no topic id: it {wrong}', f"{expected}, the id without spaces")
        if not text:
            raise bad_line(path, number, f"no text for topic {identity}", expected)
        if identity in topics:
            raise bad_line(path, number, f"topic {identity} stands twice", "each topic once")
        if earlier := lookalikes.clash("topic", identity, number):
            raise bad_line(path, number, f"the topic {identity} {describe_lookalike(f'line {earlier}')}", "one form (NFC) for an id")
        topics[identity] = text
    if not topics:
        raise InputError(f"{path}: no topics in it; expected lines of {expected}")
    return topics


def _tsv(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, id, text) of each line that is not blank."""
    for number, ended in text_lines(path):
        line = ended.rstrip("\r\n")
        if not line.strip():
            continue
        identity, tab, text = line.partition("\t")
        if "\t" in text:
            raise bad_line(path, number, f"{line.count(chr(9))} TAB in the line", f"one: {EXPECTED}, without further columns")
        identity, text = identity.strip(), " ".join(text.split())
        if not tab or not text:
            raise bad_line(path, number, "no TAB in the line" if not tab else f"no text for topic {identity}", EXPECTED)
        yield number, identity, text


def _csv(path: Path) -> Iterator[tuple[int, str, str]]:
    """The same of rows."""
    for number, (identity, text) in csv_rows.rows(path, COLUMNS, "topic id and text", needed=2):
        yield number, identity.strip(), " ".join(text.split())


def _jsonl(path: Path) -> Iterator[tuple[int, str, str]]:
    """The same of objects."""
    for number, record in json_lines(path, OBJECT):
        identity, text = (record.get("_id"), record.get("text")) if isinstance(record, dict) else (None, None)
        if isinstance(identity, int) and not isinstance(identity, bool):
            identity = str(identity)
        if not isinstance(identity, str) or not isinstance(text, str):
            raise bad_line(path, number, "not a topic", OBJECT)
        yield number, identity.strip(), " ".join(text.split())


def keep_judged(topics: dict[str, str], qrels: Qrels, name: str) -> tuple[dict[str, str], Qrels]:
    """The topics that have a judgement, in their order, and the judgements of these; prints how many are left out.

    Raises InputError if no topic is left, or no document is relevant.
    """
    kept = {topic: text for topic, text in topics.items() if topic in qrels}
    grades = {topic: qrels[topic] for topic in kept}
    if not kept:
        example = f" (topics like {next(iter(topics))}, judgements like {next(iter(qrels))})" if topics and qrels else ""
        raise InputError(f"{name}: no topic has a judgement{example}; expected judgements with the ids of the topics")
    if not any(grade > 0 for of_topic in grades.values() for grade in of_topic.values()):
        raise InputError(f"{name}: no document is judged relevant to any topic; expected grades above 0")
    if len(kept) < len(topics):
        say(f"note: {len(topics) - len(kept)} of {len(topics)} topics of {name} have no judgement and are left out")
    return kept, grades
