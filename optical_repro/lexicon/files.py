"""Readers of bilingual lexicons in their usual formats, as (word, English, weight).

MUSE                  ``word translation``, or ``word TAB translation [TAB weight]``, a line
PanLex                ``yor-000 TAB omi TAB eng-000 TAB water [TAB quality]``, the two languages in either order; others are skipped
Wiktionary extracts   wiktextract's JSONL (kaikki.org), ``.jsonl``: words of the language with English glosses, and
                      English words with translations
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..base.errors import InputError, bad_line
from ..base.files import json_lines, lines
from ..base.trec import SCORE as NUMBER
from ..bitext.tags import is_of

Translation = tuple[str, str, float]

CODE = re.compile(r"([a-z]{2,3})(-\d{3})?")
"""An ISO 639 code of a language, or PanLex's code of a variety (yor-000)."""

GLOSS_WORDS = 3
"""The most words in a gloss that translates: longer ones explain the word."""

EXPECTED = "a word and its translation, word TAB translation TAB weight, or code TAB word TAB code TAB word"


def translations(path: Path, lang: str) -> Iterator[Translation]:
    """Reads the entries of a file for ``lang`` (ISO 639-1), gzip accepted.

    Raises InputError with the line of a bad entry, and for a PanLex or Wiktionary file without an entry of the language.
    """
    if path.name.removesuffix(".gz").endswith((".jsonl", ".json")):
        yield from _not_empty(_wiktionary(path, lang), path, lang)
    elif _is_panlex(path):
        yield from _not_empty(_panlex(path, lang), path, lang)
    else:
        yield from _muse(path)


def _not_empty(entries: Iterator[Translation], path: Path, lang: str) -> Iterator[Translation]:
    first = next(entries, None)
    if first is None:
        raise InputError(f"{path}: no translation between {lang} and English in it; expected a lexicon of the two")
    yield first
    yield from entries


def _muse(path: Path) -> Iterator[Translation]:
    for number, line in lines(path):
        columns = line.split("\t") if "\t" in line else line.split()
        if len(columns) not in (2, 3) or (len(columns) == 3 and "\t" not in line):
            raise bad_line(path, number, f"{len(columns)} columns", EXPECTED)
        weight = _weight(path, number, columns[2]) if len(columns) == 3 else 1.0
        yield columns[0], columns[1], weight


def _weight(path: Path, number: int, text: str) -> float:
    weight = float(text) if NUMBER.fullmatch(text) else 0.0
    if not 0 < weight < float("inf"):
        raise bad_line(path, number, f'the weight "{text}"', "a number above zero, in the digits 0 to 9")
    return weight


def _is_panlex(path: Path) -> bool:
    """Whether the first line has language codes in its first and third columns."""
    columns = next((line.split("\t") for _, line in lines(path)), [])
    return len(columns) in (4, 5) and all(CODE.fullmatch(columns[place]) for place in (0, 2))


def _panlex(path: Path, lang: str) -> Iterator[Translation]:
    for number, line in lines(path):
        columns = line.split("\t")
        codes = [CODE.fullmatch(column) for column in columns[:4:2]]
        if len(columns) not in (4, 5) or not all(codes):
            raise bad_line(path, number, f"{len(columns)} columns", "code TAB word TAB code TAB word [TAB quality]")
        weight = _weight(path, number, columns[4]) if len(columns) == 5 else 1.0
        one, other = columns[0], columns[2]
        if is_of(one, lang) and is_of(other, "en"):
            yield columns[1], columns[3], weight
        elif is_of(one, "en") and is_of(other, lang):
            yield columns[3], columns[1], weight


def _wiktionary(path: Path, lang: str) -> Iterator[Translation]:
    for number, entry in json_lines(path, "an entry of wiktextract"):
        pairs = None
        with suppress(AttributeError, KeyError, TypeError):
            pairs = list(_entry_translations(entry, lang))
        if pairs is None or not all(isinstance(side, str) for pair in pairs for side in pair):
            raise bad_line(path, number, "no entry", 'an entry of wiktextract: {"word": ..., "lang_code": ..., "senses": [...]}')
        yield from ((word, english, 1.0) for word, english in pairs)


def _entry_translations(entry: dict[str, Any], lang: str) -> Iterator[tuple[str, str]]:
    """The translations in an entry: of a word of the language by its glosses, or of an English word by its translations."""
    code = entry.get("lang_code")
    if not isinstance(code, str):
        return
    if is_of(code, lang):
        for sense in entry.get("senses") or []:
            if not {"form_of", "alt_of"} & sense.keys():
                for english in _short_glosses(sense):
                    yield entry["word"], english
    elif is_of(code, "en"):
        items = [
            *(entry.get("translations") or []),
            *(item for sense in entry.get("senses") or [] for item in sense.get("translations") or []),
        ]
        for item in items:
            if is_of(item.get("lang_code") or item.get("code") or "", lang) and item.get("word"):
                yield item["word"], entry["word"]


def _short_glosses(sense: dict[str, Any]) -> Iterator[str]:
    """The parts of a sense's gloss that are translations: ``to drink, (of animals) to suck`` gives drink, suck."""
    for gloss in sense.get("glosses") or []:
        for part in re.split(r"[,;]", _without_brackets(gloss)):
            text = re.sub(r"^(to|a|an|the) ", "", " ".join(part.split()).rstrip("."), flags=re.IGNORECASE)
            if 0 < len(text.split()) <= GLOSS_WORDS:
                yield text


def _without_brackets(gloss: str) -> str:
    """A gloss without text in brackets; only up to the last closing bracket, which keeps the time linear."""
    end = gloss.rfind(")") + 1
    return re.sub(r"\([^)]*\)", " ", gloss[:end]) + gloss[end:]
