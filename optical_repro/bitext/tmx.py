"""Reader of translation memories (TMX), an XML format of translators' programs, in any encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from xml.parsers import expat

from ..base.errors import InputError, bad_line
from ..base.files import LONGEST, opened
from .tags import best_tag, is_of, language, script

BLOCK = 1 << 20
"""Bytes read at a time."""
DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,60})["']""")
WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""First bytes of files in encodings with two or four bytes a character."""
CODE = "\ue000"
"""Replaces a program's formatting code in a segment."""


def read_tmx(path: Path, lang: str) -> Iterator[tuple[int, str, str]]:
    """Yields (line, target, English) of the translation units that have both languages, the first segment of each.

    Raises InputError for a file that is not TMX, an unknown encoding, and a file without the two languages.
    """
    reader = _Reader(path, lang)
    try:
        with opened(path) as file:
            reader.feed(iter(lambda: file.read(BLOCK), b""))
    except expat.ExpatError as error:
        raise bad_line(path, error.lineno, f"not well-formed XML ({expat.ErrorString(error.code)})", "a TMX file") from None
    units = list(_pairs(reader, lang))
    if not units:
        languages = ", ".join(sorted({language(tag) for tag in reader.seen if tag})) or "none"
        raise InputError(f"{path}: no translation unit in {lang} and en; its languages: {languages}")
    yield from units


def _pairs(reader: _Reader, lang: str) -> Iterator[tuple[int, str, str]]:
    target, english = (_tags(reader.seen, code) for code in (lang, "en"))
    for line, unit in reader.units:
        ours, theirs = best_tag(filter(target.__contains__, unit), lang), best_tag(filter(english.__contains__, unit), "en")
        if ours is not None and theirs is not None:
            yield line, unit[ours], unit[theirs]


def _tags(tags: set[str], lang: str) -> set[str]:
    """The tags of a file that are of a language: all regions, but one script, that of ``lang`` if there are several."""
    matches = {tag for tag in tags if is_of(tag, lang)}
    scripts = {script(tag) for tag in matches}
    best = best_tag(sorted(matches), lang)
    if len(scripts) < 2 or best is None:
        return matches
    return {tag for tag in matches if script(tag) == script(best)}


class _Reader:
    """Collects the units of one file in one pass.

    The files may be hostile: entity declarations, which can grow without end or read other files, are refused.
    Expat itself never follows a DOCTYPE to another file.
    """

    codes = frozenset({"bpt", "ept", "it", "ph", "ut"})
    """Elements in a segment with a program's formatting codes instead of text."""

    def __init__(self, path: Path, lang: str) -> None:
        self.path, self.lang = path, lang
        self.units: list[tuple[int, dict[str, str]]] = []
        """(last line, tag to segment) of each unit that has both languages."""
        self.seen: set[str] = set()
        self.unit: dict[str, str] = {}
        self.language = ""
        self.segment: list[str] | None = None
        self.length = 0
        self.depth_of_codes = 0

    def feed(self, blocks: Iterator[bytes]) -> None:
        """Parses the file's bytes; raises ExpatError if they are not well-formed."""
        first = next(blocks, b"")
        encoding = next((name for start, name in WIDE.items() if first.startswith(start)), None) or self.declared_encoding(first)
        # The parser always gets UTF-8: the only encodings with several bytes a character that it knows are Unicode's.
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.EntityDeclHandler = self.entity
        parser.SkippedEntityHandler = self.entity
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
        length = 0
        for block in _with_end(first, blocks):
            data = block if decoder is None else self.to_utf8(decoder, block, encoding)
            parser.Parse(data, not block)
            length += len(data)
            if length - parser.CurrentByteIndex > LONGEST:
                raise bad_line(self.path, parser.CurrentLineNumber, f"a tag of more than {LONGEST >> 20} MB", "a TMX file")

    def declared_encoding(self, first: bytes) -> str:
        """Python's name of the encoding that the file declares; raises InputError if it is impossible, or not one of text."""
        declaration = DECLARED.match(first.removeprefix(codecs.BOM_UTF8)[:400])
        name = declaration[1].decode("latin-1") if declaration else "utf-8"
        try:
            codec = codecs.lookup(name)
            # UTF-16 and UTF-32 show in the first bytes; the others are not encodings of files.
            impossible = codec.name.startswith(("utf-16", "utf-32")) or codec.name in ("undefined", "idna", "punycode", "unicode_escape")
            if impossible or not codec._is_text_encoding:
                raise LookupError
            codecs.getincrementaldecoder(codec.name)
        except (LookupError, ValueError):
            wrong = f'it says that its encoding is "{name}", which it cannot be'
            raise bad_line(self.path, 1, wrong, "UTF-8, or one that Python knows") from None
        return codec.name

    def to_utf8(self, decoder: codecs.IncrementalDecoder, block: bytes, encoding: str) -> bytes:
        """Converts a block to UTF-8; the last block is empty."""
        try:
            return decoder.decode(block, not block).encode()
        except UnicodeError as error:
            byte = f"byte {error.object[error.start]:#04x}" if isinstance(error, UnicodeDecodeError) else "what stands there"
            wrong = f"{byte} is not {encoding}, which the file says it is in"
            raise bad_line(self.path, self.parser.CurrentLineNumber, wrong, "the encoding that it says") from None

    def entity(self, name: str, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise bad_line(self.path, line, f'an entity of its own, "{name}"', "a TMX file without entity declarations")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "tu":
            self.unit = {}
        elif name == "tuv":
            self.language = attributes.get("xml:lang") or attributes.get("lang", "")
            self.seen.add(self.language)
        elif name == "seg":
            self.segment, self.length = [], 0
        elif name in self.codes:
            self.depth_of_codes += 1
            if self.segment is not None:
                self.segment.append(CODE)

    def text(self, data: str) -> None:
        if self.segment is not None and not self.depth_of_codes:
            self.segment.append(data)
            self.length += len(data)
            if self.length > LONGEST:
                raise bad_line(self.path, self.parser.CurrentLineNumber, f"a segment of more than {LONGEST >> 20} MB", "sentences")

    def end(self, name: str) -> None:
        if name == "seg" and self.segment is not None:
            if is_of(self.language, self.lang) or is_of(self.language, "en"):
                self.unit.setdefault(self.language, without_codes("".join(self.segment)))
            self.segment = None
        elif name in self.codes:
            self.depth_of_codes -= 1
        elif name == "tu":
            if all(any(is_of(tag, code) for tag in self.unit) for code in (self.lang, "en")):
                self.units.append((self.parser.CurrentLineNumber, self.unit))
            self.unit = {}


def _with_end(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield from (block for block in (first,) if block)
    yield from blocks
    yield b""


def without_codes(text: str) -> str:
    """A segment without ``CODE`` marks; one between two letters becomes a blank, so that words stay apart."""
    parts = [part for part in text.split(CODE) if part]
    pieces = parts[:1]
    for previous, part in pairwise(parts):
        pieces += [" ", part] if _is_letter(previous[-1]) and _is_letter(part[0]) else [part]
    return "".join(pieces)


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"
