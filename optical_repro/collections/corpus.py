"""Documents in JSONL or CSV: read one at a time, checked in one pass with eight bytes of memory a document."""

from __future__ import annotations

import hashlib
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from ..base import csv_rows
from ..base.errors import InputError, bad_line
from ..base.files import document_id, json_lines
from ..base.trec import Judgement, Qrels, describe_lookalike, judgements, wrong_id
from .collection import Passage

EXPECTED = '{"id": ..., "title": ..., "text": ...}, "contents" accepted for title and text, "docid" or "_id" for id'


COLUMNS = (frozenset({"id", "_id", "docid"}), frozenset({"text", "contents"}), frozenset({"title"}))
"""Names of the columns of CSV; the last may be missing."""

PassagesWithLines = Callable[[], Iterator[tuple[Path, int, Passage]]]
"""Yields documents, each with its file and line."""


def passages(path: Path) -> Iterator[Passage]:
    """Yields the documents of a corpus file; raises InputError for a line that is not one."""
    for _, _, passage in passages_with_lines(path):
        yield passage


def passages_with_lines(path: Path) -> Iterator[tuple[Path, int, Passage]]:
    """The same, each with its file and line."""
    for number, identity, title, text in (_csv if csv_rows.is_csv(path) else _jsonl)(path):
        if not identity:
            raise bad_line(path, number, 'no "id"', EXPECTED)
        if wrong := wrong_id(identity):
            raise bad_line(path, number, f'the id "{identity}" {wrong}', "ids without spaces, as TREC files need them")
        if text is None or title is None:
            raise bad_line(path, number, f'no "text" for {identity}', EXPECTED)
        yield path, number, Passage(identity, title, text)


def _jsonl(path: Path) -> Iterator[tuple[int, str | None, str | None, str | None]]:
    """(line, id, title, text) of each document; empty, or None, what is missing or no text."""
    for number, record in json_lines(path, EXPECTED):
        if not isinstance(record, dict):
            raise bad_line(path, number, "not an object", EXPECTED)
        identity, title = document_id(record), record.get("title") or ""
        text = record.get("text", record.get("contents"))
        if isinstance(identity, int) and not isinstance(identity, bool):
            identity = str(identity)
        identity, title, text = (value if isinstance(value, str) else None for value in (identity, title, text))
        yield number, identity, title, text


def _csv(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """The same of rows under a heading."""
    for number, (identity, text, title) in csv_rows.rows(path, COLUMNS, "a document a row", headed=True, needed=2):
        yield number, identity.strip(), title, text


def check(
    documents: PassagesWithLines,
    name: str,
    expected: str,
    qrels: Qrels,
    qrels_path: Path,
    judgements: Callable[[Path], Iterable[Judgement]] = judgements,
) -> int:
    """Reads all documents; returns how many there are. ``name`` and ``expected`` describe them in errors; ``judgements`` reads the qrels.

    Raises InputError for a malformed document, a duplicate id, no documents, or judgements of unknown documents.
    """
    judged = {document for grades in qrels.values() for document in grades}
    composed = {unicodedata.normalize("NFC", document): document for document in judged if not document.isascii()}
    hashes = array("Q")
    for _, _, passage in documents():
        hashes.append(_hash(_key(passage.id)))
        judged.discard(passage.id)
        if not passage.id.isascii() and (document := composed.get(_key(passage.id))) in judged:
            raise InputError(
                f"{qrels_path}: document {document} is written otherwise in {Path(name).name}, with other characters for the same letters; "
                "expected one form (NFC) for an id"
            )
    if not hashes:
        raise InputError(f"{name}: no documents in it; expected {expected}")
    _check_duplicates(documents, np.frombuffer(hashes, dtype=np.uint64))
    if judged:
        for number, _, document, _ in judgements(qrels_path):
            if document in judged:
                short = Path(name).name
                raise bad_line(qrels_path, number, f"document {document} ({len(judged)} such) is not in {short}", "its documents")
    return len(hashes)


def _check_duplicates(documents: PassagesWithLines, hashes: np.ndarray) -> None:
    values, counts = np.unique(hashes, return_counts=True)
    if len(values) == len(hashes):
        return
    suspect_hashes = set(values[counts > 1].tolist())
    first: dict[str, tuple[Path, int, str]] = {}
    for path, number, passage in documents():
        key = _key(passage.id)
        if _hash(key) in suspect_hashes and first.setdefault(key, (path, number, passage.id))[:2] != (path, number):
            first_path, line, identity = first[key]
            where = f"line {line}" if first_path == path else f"{first_path}:{line}"
            if identity != passage.id:
                raise bad_line(path, number, f"the id {passage.id} {describe_lookalike(where)}", "one form (NFC) for an id")
            raise bad_line(path, number, f"the id {passage.id} stands twice (first in {where})", "each id once")


def _key(identity: str) -> str:
    """An id in the form for comparison: those that look the same are equal."""
    return identity if identity.isascii() else unicodedata.normalize("NFC", identity)


def _hash(identity: str) -> int:
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "little")
