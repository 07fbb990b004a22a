"""Readers of parallel text in its usual formats, as pairs of a target-language sentence and its English translation."""

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
from .tags import best_tag, is_of
from .tmx import read_tmx


class Pair(NamedTuple):
    """A sentence and its translation: NFC-normalised, each on one line, not empty."""

    target: str
    english: str


@dataclass(frozen=True)
class Bitext:
    """Pairs in the order of the files, and how many pairs were left out."""

    pairs: list[Pair]
    duplicates: int
    """Pairs left out as repetitions."""
    empty: int
    """Pairs left out because a side was empty."""


def read_bitext(paths: Sequence[Path | str], lang: str) -> Bitext:
    """Reads parallel text of ``lang`` (ISO 639-1) and English, gzip accepted.

    The format depends on the name: ``.tmx``; ``.jsonl`` or ``.json`` (an object a line: keys ``target`` and ``english``, or
    the two language codes, at the top or under ``translation``); ``X.<lang>``, or ``X`` for the files ``X.<lang>`` and
    ``X.en``: Moses; any other name: TSV, target TAB English. Files may use other forms of a code
    (``yor``, ``yor_Latn``, ``yo-NG``; see ``tags``).

    Raises InputError for a missing file, a malformed line, sides that are surely not in these languages, or no pair at all.
    """
    pairs: dict[Pair, None] = {}
    n_read = empty = 0
    # Both files of a Moses pair may be in paths (a shell's X.*): it is read once.
    for reader, path in dict.fromkeys(_reader(Path(path), lang) for path in paths):
        file_pairs = [Line(line, _clean(target), _clean(english)) for line, target, english in reader(path, lang)]
        check_pairs(file_pairs, lang, _side(path, lang) if reader is _moses else path)
        n_read += len(file_pairs)
        for _, target, english in file_pairs:
            if target and english:
                pairs[Pair(target, english)] = None
            else:
                empty += 1
    if not pairs:
        files = ", ".join(map(str, paths)) or "no file"
        raise InputError(f"no sentence pair in {files}; expected lines of {lang} TAB English, Moses pairs, TMX or JSONL")
    return Bitext(list(pairs), duplicates=n_read - empty - len(pairs), empty=empty)


def bitext_files(paths: Sequence[Path | str], lang: str) -> list[Path]:
    """The files that ``read_bitext`` reads for these paths: for a Moses pair both sides."""
    files: list[Path] = []
    for reader, path in dict.fromkeys(_reader(Path(path), lang) for path in paths):
        files += [_side(path, lang), _side(path, "en")] if reader is _moses else [path]
    return files


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _reader(path: Path, lang: str) -> tuple[Any, Path]:
    """The reader for a file's name, and the file (for a Moses pair: the prefix)."""
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
"""An ending of two languages (``X.en-so``), not of a language and a region."""


def _tsv(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    for number, line in lines(path):
        columns = line.split("\t")
        if len(columns) != 2:
            raise bad_line(path, number, f"{len(columns) - 1 or 'no'} TAB in the line", f"one, between {lang} and English")
        yield number, columns[0], columns[1]


def _side(prefix: Path, lang: str) -> Path:
    """A side of a Moses pair: ``X.yo``, or ``X.yor``, ``X.yor_Latn`` ... if there is one, gzip accepted."""
    paths = {path.name.removesuffix(".gz").removeprefix(f"{prefix.name}."): path for path in _with_prefix(prefix)}
    tag = best_tag((tag for tag in paths if not PAIR.fullmatch(tag)), lang)
    return paths[tag] if tag else prefix.with_name(f"{prefix.name}.{lang}")


def _with_prefix(prefix: Path) -> list[Path]:
    """The files ``X.<something>``, with or without .gz, those with .gz first."""
    folder, start = prefix.parent, f"{prefix.name}."
    files = [path for path in folder.iterdir() if path.name.startswith(start)] if folder.is_dir() else []
    return sorted(files, key=lambda path: (not path.name.endswith(".gz"), path.name))


def _moses(prefix: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    sides = _side(prefix, lang), _side(prefix, "en")
    for side in sides:
        if not os.path.exists(side):
            raise InputError(f"{side}: no such file; a Moses pair is {sides[0].name} and {sides[1].name}, one sentence a line in both")
    target, english = (dict(lines(side)) for side in sides)
    n_target, n_english = map(_count_lines, sides)
    if n_target != n_english:
        raise InputError(f"{sides[0]}: {n_target} lines, but {sides[1].name} has {n_english}; expected one translation a line")
    for number in range(1, n_target + 1):
        yield number, target.get(number, ""), english.get(number, "")


def _count_lines(path: Path) -> int:
    """The number of lines of a file, blank ones too."""
    return sum(1 for _ in raw_lines(path))


def _jsonl(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    expected = f'{{"target": ..., "english": ...}} or {{"translation": {{"{lang}": ..., "en": ...}}}} on each line'
    for number, value in json_lines(path, expected):
        record = value.get("translation", value) if isinstance(value, dict) else None
        if not isinstance(record, dict):
            raise bad_line(path, number, "not an object", expected)
        target, english = (
            record.get(key, record.get(best_tag(record, code) or code)) for key, code in (("target", lang), ("english", "en"))
        )
        if not isinstance(target, str) or not isinstance(english, str):
            raise bad_line(path, number, f"keys {', '.join(sorted(record)) or 'none'}", expected)
        yield number, target, english


def _tmx(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    yield from read_tmx(path, lang)
