"""Inputs spoilt in the ways that files are: bytes flipped, cut, doubled lines, huge numbers, deep JSON, damaged gzip.

    for seed in range(300):
        spoilt = mutated(seed, folder)      # the same file for the same seed
        spoilt.read()                       # returns, or raises InputError; any other exception is a fault of the reader

Each starts from a small valid input of one reader, which `originals` lists.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optical_repro import collections
from optical_repro.base import trec
from optical_repro.bitext import named, readers
from optical_repro.collections import clef, topics
from optical_repro.grids import file as grid_file
from optical_repro.lexicon import lexicon

PAIRS = [("Ọmọ náà ń kọrin.", "The child is singing."), ("Òjò rọ̀ lánàá.", "It rained yesterday."), ("Ọba jókòó.", "The king sat.")]


@dataclass(frozen=True)
class Spoilt:
    """A spoilt input, and the reader that is to read or to refuse it."""

    reader: str
    how: str
    """What was done to it."""
    path: Path
    read: Callable[[], object]
    """Raises InputError where the input is refused."""


def _tsv() -> bytes:
    return "".join(f"{target}\t{english}\n" for target, english in PAIRS).encode()


def _jsonl(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _tmx(encoding: str) -> bytes:
    units = "".join(f'<tu><tuv xml:lang="en"><seg>{e}</seg></tuv><tuv xml:lang="yo"><seg>{t}</seg></tuv></tu>\n' for t, e in PAIRS)
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<tmx version="1.4"><header/><body>{units}</body></tmx>'
    return text.encode(encoding, "xmlcharrefreplace")


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.en-yo.yo", "".join(f"{target}\n" for target, _ in PAIRS))
        archive.writestr("X.en-yo.en", "".join(f"{english}\n" for _, english in PAIRS))
    return packed.getvalue()


FOLDER = {
    "corpus.jsonl": _jsonl({"id": "d1", "title": "Nile", "text": "A river."}, {"id": 2, "contents": "Kano"}, {"docid": "d3", "text": "x"}),
    "topics.yo.test.tsv": "q1\tOdò wo?\nq2\tÌlú wo?\n".encode(),
    "topics.yo.test.en.tsv": b"q1\tWhich river?\nq2\tWhich city?\n",
    "qrels.yo.test.txt": b"q1 0 d1 2\nq1 0 d3 0\nq2 0 2 1\n",
    "collection.json": b'{"name": "ours", "doc_lang": "en", "license": "CC0-1.0", "citation": "Us 2025"}',
}
CLEF = {
    "documents/a.sgml": b"<DOC>\n<DOCNO>LA-1</DOCNO>\n<HEADLINE>A &amp; B</HEADLINE>\n<TEXT>\n<P>Rain fell.</P>\n</TEXT>\n</DOC>\n"
    b"<DOC><DOCNO>LA-2</DOCNO><TEXT>A king.</TEXT></DOC>\n",
    "topics.sw.2001.xml": b"<top><num> C041 </num><SW-title> Mto </SW-title><SW-desc> Habari za mto. </SW-desc></top>\n"
    b"<top><num>C042</num><SW-title>Mfalme</SW-title></top>\n",
    "topics.en.2001.txt": b"<top>\n<num> Number: 41\n<title> River\n</top>\n<top>\n<num> Number: 42\n<title> King\n</top>\n",
    "qrels.2001.txt": b"41 0 LA-1 1\n42 0 LA-2 1\n",
}
GRID = b"languages: {yo: {collection: sample}, sw: {}}\nregimes: [bt, cs]\nseeds: [1, 2]\nvariants: {a: {}, b: {switch: 0.5}}\n"
WIKTIONARY = _jsonl(
    {"word": "omi", "lang_code": "yo", "senses": [{"glosses": ["water (of a river), the juice"]}]},
    {"word": "water", "lang_code": "en", "translations": [{"lang_code": "yo", "word": "omi"}]},
)


def originals() -> dict[str, tuple[bytes, Callable[[Path], Any]]]:
    """Name of a file to its valid content, and what reads it, by its path."""

    def lexicon_of(path: Path) -> object:
        return lexicon.read_lexicon(path, "yo")

    def bitext(path: Path) -> object:
        return readers.read_bitext([path], "yo")

    found: dict[str, tuple[bytes, Callable[[Path], Any]]] = {
        "bitext.tsv": (_tsv(), bitext),
        "bitext.tsv.gz": (gzip.compress(_tsv(), mtime=0), bitext),
        "bitext.jsonl": (_jsonl(*({"translation": {"yo": target, "en": english}} for target, english in PAIRS)), bitext),
        "bitext.tmx": (_tmx("utf-8"), bitext),
        "bitext.tmx.gz": (gzip.compress(_tmx("utf-8"), mtime=0), bitext),
        "bitext.16.tmx": (_tmx("utf-16"), bitext),
        "bitext.jis.tmx": (_tmx("shift_jis"), bitext),
        "opus.zip": (_zip(), lambda path: list(named._moses_zip(path, "yo"))),
        "muse.txt": ("omi water\nọba king\n".encode(), lexicon_of),
        "weights.tsv": ("omi\twater\t0.5\nọba\tking\t2e-1\n".encode(), lexicon_of),
        "panlex.tsv": ("yor-000\tomi\teng-000\twater\t5\neng-000\tking\tyor-000\tọba\t3\n".encode(), lexicon_of),
        "wiktionary.jsonl": (WIKTIONARY, lexicon_of),
        "wiktionary.jsonl.gz": (gzip.compress(WIKTIONARY, mtime=0), lexicon_of),
        "bm25.trec": (b"q1 Q0 d1 1 2.5 bm25\nq1 Q0 d2 2 1e-1 bm25\nq2 Q0 d1 1 .5 bm25\n", trec.read_run),
        "bm25.trec.gz": (gzip.compress(b"q1 Q0 d1 1 2.5 bm25\nq1 Q0 d2 2 -1 bm25\n", mtime=0), trec.read_run),
        "qrels.txt": (FOLDER["qrels.yo.test.txt"], trec.read_qrels),
        "topics.tsv": (FOLDER["topics.yo.test.tsv"], topics.read_topics),
        "topics.xml": (CLEF["topics.sw.2001.xml"], clef.read_trec_topics),
        "grid.yaml": (GRID, lambda path: grid_file.read_grid(path, path.parent / "runs", None)),
    }
    for files, lang in ((FOLDER, "yo"), (CLEF, "sw")):
        for name, data in files.items():
            found[f"{'folder' if lang == 'yo' else 'clef'}/{name}"] = (data, lambda path, lang=lang: _collection(path, lang))
    return found


def _collection(path: Path, lang: str) -> object:
    folder = next(parent for parent in path.parents if parent.name in ("folder", "clef"))
    collection = collections.load(str(folder), lang)
    return collection.name, list(collection.passages())


def mutated(seed: int, folder: Path) -> Spoilt:
    """Writes the spoilt input of a seed under ``folder``, in a place of its own, with the valid files that go with it."""
    chance = random.Random(seed)
    inputs = originals()
    name = chance.choice(sorted(inputs))
    data, read = inputs[name]
    way = chance.choice(WAYS)
    place = folder / str(seed)
    path = place / name
    path.parent.mkdir(parents=True)
    for other, (valid, _) in inputs.items():
        if "/" in name and other.split("/")[0] == name.split("/")[0]:
            (place / other).parent.mkdir(parents=True, exist_ok=True)
            (place / other).write_bytes(valid)
    spoilt = way(chance, data)
    if name.endswith(".gz") and chance.random() < 0.5:  # Whole gzip around spoilt text.
        spoilt = gzip.compress(way(chance, gzip.decompress(data)), mtime=0)
    path.write_bytes(spoilt)
    return Spoilt(name, way.__name__, path, lambda: read(path))


# ---- ways to spoil


def flipped(chance: random.Random, data: bytes) -> bytes:
    """One to five bytes changed."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The end missing."""
    return data[: chance.randrange(len(data))]


def hole(chance: random.Random, data: bytes) -> bytes:
    """A part missing in the middle."""
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 20) :]


def doubled(chance: random.Random, data: bytes) -> bytes:
    """A line twice."""
    lines = data.splitlines(keepends=True)
    place = chance.randrange(len(lines))
    return b"".join([*lines[: place + 1], lines[place], *lines[place + 1 :]])


def shuffled(chance: random.Random, data: bytes) -> bytes:
    """Lines in another order."""
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


TOKENS = (
    b"\0", b"\x1b[31m", b"\x1b]0;x\x07", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud83d", b"\xc2\xa0", "\u200b\u202e".encode(),
    b"NaN", b"-Infinity", b"1e999", b"1_0", "٣".encode(), b"9" * 400, b"-1", b"[" * 2000, b'{"a":' * 2000, b"(" * 3000, b"<" * 3000,
    b"<top>" * 500, b"&a;", b"&#0;", b"&#xD800;", b"\t", b"\t\t", b"\r", b"a" * 300, b"../../x", b"x" * 100_000, b"*a", b"&a ",
    b"!!python/none", "e\u0301".encode(), "é".encode(), b'encoding="zlib_codec"', b"<!DOCTYPE a [<!ENTITY a \"b\">]>",
)  # fmt: skip


def told(chance: random.Random, data: bytes) -> bytes:
    """Something hostile put in, or in place of a word."""
    token = chance.choice(TOKENS)
    start = chance.randrange(len(data) + 1)
    return data[:start] + token + data[start + chance.choice((0, 0, len(token))) :]


def renumbered(chance: random.Random, data: bytes) -> bytes:
    """A digit made a number that is none."""
    places = [place for place, byte in enumerate(data) if chr(byte).isdigit()]
    if not places:
        return told(chance, data)
    place = chance.choice(places)
    return data[:place] + chance.choice((b"1_0", "٣".encode(), b"7" * 400, b"nan", b"1e400", b"-5", b"0x10", b"")) + data[place + 1 :]


def elsewhere(chance: random.Random, data: bytes) -> bytes:
    """In another encoding or packing than the name says."""
    ways: tuple[Callable[[bytes], bytes], ...] = (
        gzip.compress,
        bz2.compress,
        lambda raw: raw.decode("latin-1").encode("utf-16"),
        lambda raw: raw.decode("latin-1").encode("utf-16-be"),
        lambda raw: raw.decode("latin-1").encode("utf-32"),
        lambda raw: b"",
        lambda raw: raw.replace(b"\n", b"\r"),
    )
    return chance.choice(ways)(data)


WAYS = (flipped, flipped, cut, hole, doubled, shuffled, told, told, told, renumbered, elsewhere)
