"""Parallel text, in the forms that corpora come in, as pairs of a target-language sentence and its English translation."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..base.errors import InputError, bad_line
from ..base.files import json_lines, lines, raw_lines
from .evidence import Line, check_pairs
from .tags import chosen, is_of
from .tmx import read_tmx


class Pair(NamedTuple):
    """A sentence and its translation, both NFC-normalised, on one line, neither empty."""

    target: str
    english: str


@dataclass(frozen=True)
class Bitext:
    """Pairs in the order of their files, and how many were left out."""

    pairs: list[Pair]
    duplicates: int
    """Pairs left out because the same pair came before."""
    empty: int
    """Pairs left out because a side was empty."""


def read_bitext(paths: Sequence[Path | str], lang: str) -> Bitext:
    """Reads parallel text of ``lang`` (ISO 639-1) and English, gzip accepted.

    The form follows from the name: ``.tmx``; ``.jsonl`` or ``.json`` (an object a line: ``target`` and ``english``, or
    the two language codes, alone or under ``translation``); Moses pairs, given as ``X.<lang>`` or as ``X`` where
    ``X.<lang>`` and ``X.en`` are; any other name: TSV, target TAB English. A file may write a code in other forms of it
    (``yor``, ``yor_Latn``, ``yo-NG``; see ``tags``).

    Raises InputError for a missing file, a malformed line, sides that surely are not in these languages, or no pair at all.
    """
    pairs: dict[Pair, None] = {}
    read = empty = 0
    # A Moses pair may be named by both its files (a shell's X.*): it is read once.
    for form, path in dict.fromkeys(_form(Path(path), lang) for path in paths):
        lines_read = [Line(line, _clean(target), _clean(english)) for line, target, english in form(path, lang)]
        check_pairs(lines_read, lang, _side(path, lang) if form is _moses else path)
        read += len(lines_read)
        for _, target, english in lines_read:
            if target and english:
                pairs[Pair(target, english)] = None
            else:
                empty += 1
    if not pairs:
        files = ", ".join(map(str, paths)) or "no file"
        raise InputError(f"no sentence pair in {files}; expected lines of {lang} TAB English, Moses pairs, TMX or JSONL")
    return Bitext(list(pairs), duplicates=read - empty - len(pairs), empty=empty)


def bitext_files(paths: Sequence[Path | str], lang: str) -> list[Path]:
    """The files that ``read_bitext`` reads for these names: of a Moses pair both sides."""
    files: list[Path] = []
    for form, path in dict.fromkeys(_form(Path(path), lang) for path in paths):
        files += [_side(path, lang), _side(path, "en")] if form is _moses else [path]
    return files


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _form(path: Path, lang: str) -> tuple[Any, Path]:
    """The reader that fits the file's name, and the file (of a Moses pair: the prefix)."""
    name = path.name.removesuffix(".gz")
    suffix = name.rpartition(".")[2]
    if suffix.lower() == "tmx":
        return _tmx, path
    if suffix.lower() in ("jsonl", "json"):
        return _jsonl, path
    if not os.path.exists(path) and os.path.exists(_side(path, lang)):
        return _moses, path
    if not PAIR.fullmatch(suffix) and (is_of(suffix, lang) or is_of(suffix, "en")):
        return _moses, path.with_name(name.rpartition(".")[0])
    return _tsv, path


PAIR = re.compile(r"[a-z]{2,3}-[a-z]{2,3}")
"""An ending that names two languages (``X.en-so``), not one and its region."""


def _tsv(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    for number, line in lines(path):
        columns = line.split("\t")
        if len(columns) != 2:
            raise bad_line(path, number, f"{len(columns) - 1 or 'no'} TAB in the line", f"one, between {lang} and English")
        yield number, columns[0], columns[1]


def _side(prefix: Path, lang: str) -> Path:
    """A side of a Moses pair: ``X.yo``, or what is there of ``X.yor``, ``X.yor_Latn`` ..., gzip accepted."""
    found = {path.name.removesuffix(".gz").removeprefix(f"{prefix.name}."): path for path in _beside(prefix)}
    tag = chosen((tag for tag in found if not PAIR.fullmatch(tag)), lang)
    return found[tag] if tag else prefix.with_name(f"{prefix.name}.{lang}")


def _beside(prefix: Path) -> list[Path]:
    """The files named ``X.<something>``, without or with .gz, packed ones first."""
    folder, start = prefix.parent, f"{prefix.name}."
    there = [path for path in folder.iterdir() if path.name.startswith(start)] if folder.is_dir() else []
    return sorted(there, key=lambda path: (not path.name.endswith(".gz"), path.name))


def _moses(prefix: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    sides = _side(prefix, lang), _side(prefix, "en")
    for side in sides:
        if not os.path.exists(side):
            raise InputError(f"{side}: no such file; a Moses pair is {sides[0].name} and {sides[1].name}, one sentence a line in both")
    target, english = (dict(lines(side)) for side in sides)
    length, other = map(_length, sides)
    if length != other:
        raise InputError(f"{sides[0]}: {length} lines, but {sides[1].name} has {other}; expected one translation a line")
    for number in range(1, length + 1):
        yield number, target.get(number, ""), english.get(number, "")


def _length(path: Path) -> int:
    """Lines of a file, blank ones too."""
    return sum(1 for _ in raw_lines(path))


def _jsonl(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    expected = f'{{"target": ..., "english": ...}} or {{"translation": {{"{lang}": ..., "en": ...}}}} on each line'
    for number, given in json_lines(path, expected):
        record = given.get("translation", given) if isinstance(given, dict) else None
        if not isinstance(record, dict):
            raise bad_line(path, number, "not an object", expected)
        target, english = (record.get(key, record.get(chosen(record, code) or code)) for key, code in (("target", lang), ("english", "en")))
        if not isinstance(target, str) or not isinstance(english, str):
            raise bad_line(path, number, f"keys {', '.join(sorted(record)) or 'none'}", expected)
        yield number, target, english


def _tmx(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    yield from read_tmx(path, lang)
