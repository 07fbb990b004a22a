"""Parallel text, in the forms that corpora come in, as pairs of a target-language sentence and its English translation."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

from ..errors import InputError, bad_line
from ..files import lines


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
    ``X.<lang>`` and ``X.en`` are; any other name: TSV, target TAB English.

    Raises InputError for a missing file, a malformed line, or no pair at all.
    """
    pairs: dict[Pair, None] = {}
    read = empty = 0
    # A Moses pair may be named by both its files (a shell's X.*): it is read once.
    for form, path in dict.fromkeys(_form(Path(path), lang) for path in paths):
        for sides in form(path, lang):
            read += 1
            pair = Pair(*map(_clean, sides))
            if pair.target and pair.english:
                pairs[pair] = None
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
    suffix = name.rpartition(".")[2].lower()
    if suffix == "tmx":
        return _tmx, path
    if suffix in ("jsonl", "json"):
        return _jsonl, path
    if suffix in (lang, "en"):
        return _moses, path.with_name(name.rpartition(".")[0])
    if not path.exists() and _side(path, lang).exists():
        return _moses, path
    return _tsv, path


def _tsv(path: Path, lang: str) -> Iterator[tuple[str, str]]:
    for number, line in lines(path):
        columns = line.split("\t")
        if len(columns) != 2:
            raise bad_line(path, number, f"{len(columns) - 1 or 'no'} TAB in the line", f"one, between {lang} and English")
        yield columns[0], columns[1]


def _side(prefix: Path, lang: str) -> Path:
    plain, packed = (prefix.with_name(f"{prefix.name}.{lang}{gz}") for gz in ("", ".gz"))
    return packed if packed.exists() and not plain.exists() else plain


def _moses(prefix: Path, lang: str) -> Iterator[tuple[str, str]]:
    sides = _side(prefix, lang), _side(prefix, "en")
    for side in sides:
        if not side.exists():
            raise InputError(f"{side}: no such file; a Moses pair is {sides[0].name} and {sides[1].name}, one sentence a line in both")
    target, english = (dict(lines(side)) for side in sides)
    length, other = map(_length, sides)
    if length != other:
        raise InputError(f"{sides[0]}: {length} lines, but {sides[1].name} has {other}; expected one translation a line")
    for number in range(1, length + 1):
        yield target.get(number, ""), english.get(number, "")


def _length(path: Path) -> int:
    """Lines of a file, blank ones too."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        return sum(1 for _ in file)


def _jsonl(path: Path, lang: str) -> Iterator[tuple[str, str]]:
    expected = f'{{"target": ..., "english": ...}} or {{"translation": {{"{lang}": ..., "en": ...}}}} on each line'
    for number, line in lines(path):
        try:
            record = json.loads(line)
        except ValueError:
            raise bad_line(path, number, "not JSON", expected) from None
        record = record.get("translation", record) if isinstance(record, dict) else None
        if not isinstance(record, dict):
            raise bad_line(path, number, "not an object", expected)
        target, english = record.get("target", record.get(lang)), record.get("english", record.get("en"))
        if not isinstance(target, str) or not isinstance(english, str):
            raise bad_line(path, number, f"keys {', '.join(sorted(record)) or 'none'}", expected)
        yield target, english


def _tmx(path: Path, lang: str) -> Iterator[tuple[str, str]]:
    """Translation units that have both languages; the first segment of each counts."""
    reader = _TmxReader(path, lang)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            reader.parser.ParseFile(file)
    except expat.ExpatError as error:
        raise bad_line(path, error.lineno, f"not well-formed XML ({expat.ErrorString(error.code)})", "a TMX file") from None
    except OSError as error:  # gzip.BadGzipFile is one too
        raise InputError(f"{path}: {error.strerror or error}; expected a TMX file that can be read") from None
    except EOFError:
        raise InputError(f"{path}: the gzip data end too early; download it again") from None
    if not reader.pairs:
        raise InputError(f"{path}: no translation unit in {lang} and en; its languages: {', '.join(sorted(reader.seen)) or 'none'}")
    yield from reader.pairs


class _TmxReader:
    """Collects the pairs of one file in one pass.

    Such files come from strangers: entities of their own (which can grow without end, or read other files) are refused.
    Expat itself never follows a DOCTYPE to another file.
    """

    codes = frozenset({"bpt", "ept", "it", "ph", "ut"})
    """Elements in a segment that hold a program's formatting codes, not text."""

    def __init__(self, path: Path, lang: str) -> None:
        self.path, self.lang = path, lang
        self.pairs: list[tuple[str, str]] = []
        self.seen: set[str] = set()
        self.unit: dict[str, str] = {}
        self.language = ""
        self.segment: list[str] | None = None
        self.depth_of_codes = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.EntityDeclHandler = self.entity
        self.parser.SkippedEntityHandler = self.entity
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def entity(self, name: str, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise bad_line(self.path, line, f'an entity of its own, "{name}"', "a TMX file without entity declarations")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "tu":
            self.unit = {}
        elif name == "tuv":
            tag = attributes.get("xml:lang") or attributes.get("lang", "")
            self.language = tag.lower().replace("_", "-").partition("-")[0]
            self.seen.add(self.language)
        elif name == "seg":
            self.segment = []
        elif name in self.codes:
            self.depth_of_codes += 1

    def text(self, data: str) -> None:
        if self.segment is not None and not self.depth_of_codes:
            self.segment.append(data)

    def end(self, name: str) -> None:
        if name == "seg" and self.segment is not None:
            self.unit.setdefault(self.language, "".join(self.segment))
            self.segment = None
        elif name in self.codes:
            self.depth_of_codes -= 1
        elif name == "tu" and self.lang in self.unit and "en" in self.unit:
            self.pairs.append((self.unit[self.lang], self.unit["en"]))
