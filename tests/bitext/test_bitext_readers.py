"""Parallel text in each form it comes in, and each way it can be wrong."""

from __future__ import annotations

import gzip
import json
import unicodedata
from pathlib import Path

import pytest

from optical_repro.base.errors import InputError
from optical_repro.bitext.readers import Pair, read_bitext

PAIRS = [Pair("Ọmọ náà ń kọrin.", "The child is singing."), Pair("Òjò rọ̀ lánàá.", "It rained yesterday.")]


def written(path: Path, text: str) -> Path:
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def jsonl(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def tmx(*units: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<tmx version="1.4"><header/><body>{"".join(units)}</body></tmx>'


def unit(target: str, english: str, lang: str = "yo") -> str:
    return f'<tu><tuv xml:lang="EN-GB"><seg>{english}</seg></tuv><tuv xml:lang="{lang}"><seg>{target}</seg></tuv></tu>'


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_every_form_gives_the_same_pairs(tmp_path: Path, gz: str) -> None:
    tsv = written(tmp_path / f"a.tsv{gz}", "".join(f"{p.target}\t{p.english}\n" for p in PAIRS))
    flat = written(tmp_path / f"b.jsonl{gz}", jsonl(*(p._asdict() for p in PAIRS)))
    nested = written(tmp_path / f"c.jsonl{gz}", jsonl(*({"translation": {"yo": p.target, "en": p.english}} for p in PAIRS)))
    codes = written(tmp_path / f"d.json{gz}", jsonl(*({"yo": p.target, "en": p.english} for p in PAIRS)))
    memory = written(tmp_path / f"e.tmx{gz}", tmx(*(unit(*p) for p in PAIRS)))
    moses = written(tmp_path / f"OPUS.en-yo.yo{gz}", "".join(f"{p.target}\n" for p in PAIRS))
    english = written(tmp_path / f"OPUS.en-yo.en{gz}", "".join(f"{p.english}\n" for p in PAIRS))
    for path in (tsv, flat, nested, codes, memory, moses, english, tmp_path / "OPUS.en-yo"):
        assert read_bitext([path], "yo").pairs == PAIRS, path.name
    both = read_bitext([moses, english], "yo")
    assert (both.pairs, both.duplicates) == (PAIRS, 0)


def test_sides_are_composed_and_on_one_line(tmp_path: Path) -> None:
    record = {"target": unicodedata.normalize("NFD", PAIRS[0].target) + "\n", "english": " The child\nis  singing. "}
    assert read_bitext([written(tmp_path / "a.jsonl", json.dumps(record))], "yo").pairs == PAIRS[:1]


def test_duplicates_and_empty_sides_are_counted(tmp_path: Path) -> None:
    line = "\t".join(PAIRS[0])
    first = written(tmp_path / "a.tsv", f"{line}\n\n{line}\n\tNo Yorùbá side\nKò sí ìtumọ̀\t \n")
    second = written(tmp_path / "b.tsv", f"{unicodedata.normalize('NFD', line)}\r\n")
    bitext = read_bitext([first, second], "yo")
    assert (bitext.pairs, bitext.duplicates, bitext.empty) == (PAIRS[:1], 2, 2)


def test_moses_keeps_its_lines_together_over_blank_ones(tmp_path: Path) -> None:
    written(tmp_path / "x.yo", f"\n{PAIRS[0].target}\n\n{PAIRS[1].target}\n")
    written(tmp_path / "x.en", f"Hello.\n{PAIRS[0].english}\n\n{PAIRS[1].english}")
    bitext = read_bitext([tmp_path / "x"], "yo")
    assert (bitext.pairs, bitext.empty) == (PAIRS, 2)


def test_tmx_keeps_text_and_leaves_codes_and_other_languages(tmp_path: Path) -> None:
    marked = unit('Ọmọ <bpt i="1">&lt;b&gt;</bpt><hi>náà</hi><ept i="1">&lt;/b&gt;</ept> ń kọrin.', PAIRS[0].english, "yo-NG")
    path = written(tmp_path / "a.tmx", tmx(unit("Bonjour", "Hello", "fr"), marked, head='<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'))
    assert read_bitext([path], "yo").pairs == PAIRS[:1]
    sixteen = tmp_path / "b.tmx"
    sixteen.write_bytes(tmx(unit(*PAIRS[0])).replace("UTF-8", "UTF-16").encode("utf-16"))
    assert read_bitext([sixteen], "yo").pairs == PAIRS[:1]


BOMB = '<!DOCTYPE tmx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n'
READS_A_FILE = '<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/hostname">]>\n'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tsv", "a\tb\nno tab\n", "a.tsv:2: no TAB in the line; expected one, between yo and English"),
        ("a.tsv", "a\tb\tc\n", "a.tsv:1: 2 TAB in the line"),
        ("a.tsv", "\tb\n", "no sentence pair in"),
        ("a.jsonl", '{"target": "a", "english": "b"}\n{"target"\n', "a.jsonl:2: not JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl:1: not an object"),
        ("a.jsonl", '{"translation": {"ha": "a", "en": "b"}}\n', "a.jsonl:1: keys en, ha; expected"),
        ("a.jsonl", '{"target": 1, "english": "b"}\n', "a.jsonl:1: keys english, target"),
        ("a.yo", "a\n", "a.en: no such file; a Moses pair is a.yo and a.en"),
        ("a.tmx", tmx(unit("&b;", "x"), head=BOMB), 'a.tmx:2: an entity of its own, "a"'),
        ("a.tmx", tmx(unit("&a;", "x"), head=READS_A_FILE), 'a.tmx:2: an entity of its own, "a"'),
        ("a.tmx", tmx(unit("&nbsp;", "x"), head='<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'), 'a.tmx:3: an entity of its own, "nbsp"'),
        ("a.tmx", tmx(unit("a", "b"))[:-9], "a.tmx:2: not well-formed XML"),
        ("a.tmx", tmx(unit("a", "b", "fr")), "no translation unit in yo and en; its languages: en, fr"),
        ("a.tmx.gz", tmx(unit("a", "b")), "a.tmx.gz"),
    ],
)
def test_bad_input_says_where(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_bitext([path], "yo")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_moses_sides_of_unequal_length(tmp_path: Path) -> None:
    written(tmp_path / "x.yo", "a\nb\n")
    written(tmp_path / "x.en", "a\nb\nc\n")
    with pytest.raises(InputError, match=r"x\.yo: 2 lines, but x\.en has 3"):
        read_bitext([tmp_path / "x"], "yo")


def test_truncated_and_missing_files(tmp_path: Path) -> None:
    whole = gzip.compress(tmx(unit(*PAIRS[0])).encode())
    (tmp_path / "a.tmx.gz").write_bytes(whole[:40])
    for name in ("a.tmx.gz", "missing.tsv", "missing.tmx", "missing.jsonl", "missing"):
        with pytest.raises(InputError, match=name):
            read_bitext([tmp_path / name], "yo")
    (tmp_path / "latin.tsv").write_bytes(b"caf\xe9\tcoffee\n")
    with pytest.raises(InputError, match=r"latin\.tsv:1: byte 0xe9 is not UTF-8"):
        read_bitext([tmp_path / "latin.tsv"], "yo")
