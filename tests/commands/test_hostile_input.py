"""Input that is damaged, hostile or taken for what it is not: refused in one short line, by every reader, before any work."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from mutations import FOLDER, mutated
from test_collections import written

from optical_repro import collections
from optical_repro.base import downloads, files, trec
from optical_repro.base.cache import Cache
from optical_repro.base.errors import LONGEST, InputError
from optical_repro.bitext import evidence, filters, named
from optical_repro.bitext.readers import Pair, read_bitext
from optical_repro.collections import clef, corpus, sample
from optical_repro.collections.collection import Collection, Passage
from optical_repro.collections.topics import read_topics
from optical_repro.experiment.check import check_text
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.grids import file as grid_file
from optical_repro.lexicon import lexicon
from optical_repro.run import main


def refused(read: Callable[[], object]) -> str:
    """What the InputError says."""
    with pytest.raises(InputError) as error:
        read()
    return checked(str(error.value))


def checked(said: str) -> str:
    assert len(said) <= LONGEST and said.translate({0x200C: None, 0x200D: None}).isprintable()
    return said


def test_spoilt_inputs_are_read_or_refused(tmp_path: Path) -> None:
    """Any other exception than InputError fails the test."""
    seen = set()
    for seed in range(400):
        spoilt = mutated(seed, tmp_path)
        try:
            spoilt.read()
        except InputError as error:
            checked(str(error))
            seen.add(spoilt.reader)
    assert len(seen) >= 20  # Readers that refused something.


# ---- what is no text


READERS: dict[str, Callable[[Path], object]] = {
    "bitext.tsv": lambda path: read_bitext([path], "yo"),
    "bitext.jsonl": lambda path: read_bitext([path], "yo"),
    "bitext.tmx": lambda path: read_bitext([path], "yo"),
    "lexicon.tsv": lambda path: lexicon.read_lexicon(path, "yo"),
    "wiktionary.jsonl": lambda path: lexicon.read_lexicon(path, "yo"),
    "run.trec": trec.read_run,
    "qrels.txt": trec.read_qrels,
    "topics.tsv": read_topics,
    "topics.xml": clef.read_trec_topics,
    "corpus.jsonl": lambda path: list(corpus.passages(path)),
    "collection.json": lambda path: files.read_json(path, "an object"),
    "grid.yaml": lambda path: grid_file.read_grid(path, path.parent, None),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_what_is_no_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    assert refused(lambda: READERS[name](path)) == f"{path}: is a pipe; expected a file"
    path.unlink()
    path.symlink_to("/dev/zero")
    assert refused(lambda: READERS[name](path)) == f"{path}: is a device; expected a file"
    path.unlink()
    path.mkdir()
    assert refused(lambda: READERS[name](path)) == f"{path}: is a folder; expected a file"
    path.rmdir()
    path.symlink_to(path)
    assert f"{path}: cannot be read (Too many levels of symbolic links)" in refused(lambda: READERS[name](path))
    assert "cannot be read (File name too long); check the path" in refused(lambda: READERS[name](tmp_path / f"{'x' * 300}{name}"))


@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_gzip_damaged_inside(tmp_path: Path, name: str) -> None:
    packed = bytearray(gzip.compress("".join(f"{number} Òjò rọ̀ {number**5}\tx\n" for number in range(2000)).encode()))
    packed[60:70] = bytes(10)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(packed)
    said = refused(lambda: READERS[name](path))
    assert said.startswith(str(path))
    (path).write_bytes(b"not gzip")
    assert "broken gzip data" in refused(lambda: READERS[name](path))


@pytest.mark.parametrize("name", READERS)
def test_every_reader_bounds_what_it_holds(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of many megabytes, here of many kilobytes, is not read to its end."""
    for module in (files, clef, sys.modules["optical_repro.bitext.tmx"]):
        monkeypatch.setattr(module, "LONGEST", 1 << 16)
    (tmp_path / name).write_bytes(b"<seg " + b"x" * (1 << 20))
    assert "more than 0 MB" in refused(lambda: READERS[name](tmp_path / name))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a\tb\n".encode("utf-16"), "bitext.tsv:1: byte 0xff is not UTF-8; expected UTF-8 text (the file is UTF-16: save it as UTF-8)"),
        (b"\xfe\xff" + "a\tb\n".encode("utf-16-be"), "the file is UTF-16: save it as UTF-8"),
        ("a\tb\n".encode("utf-32"), "the file is UTF-32: save it as UTF-8"),
        ("a\tb\n".encode("utf-16-le"), "bitext.tsv:1: a NUL character; expected UTF-8 text"),
        (b"a\tb\nc\0\td\n", "bitext.tsv:2: a NUL character"),
        (gzip.compress(b"a\tb\n", mtime=0), "the file is gzip: give it a name that ends in .gz"),
        (b"PK\3\4\xff", "the file is a zip archive: unpack it"),
        (b"a\t\xed\xa0\x80\n", "bitext.tsv:1: byte 0xed is not UTF-8"),
    ],
)
def test_what_is_no_utf8_is_called_by_its_name(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "bitext.tsv").write_bytes(data)
    assert message in refused(lambda: read_bitext([tmp_path / "bitext.tsv"], "yo"))


# ---- JSON, numbers, ids


DEEP = '{"a":' * 2000 + "1" + "}" * 2000


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("corpus.jsonl", DEEP, "corpus.jsonl:1: JSON nested too deeply"),
        ("bitext.jsonl", "[" * 100_000, "bitext.jsonl:1: JSON nested too deeply"),
        ("wiktionary.jsonl", DEEP, "wiktionary.jsonl:1: JSON nested too deeply"),
        ("collection.json", DEEP, "collection.json: JSON nested too deeply"),
        ("collection.json", '{"citation": "\\ud83d"}', "collection.json: half a surrogate pair"),
        ("collection.json", '{"a": [{"b": {"\\uDC00": 1}}]}', "collection.json: half a surrogate pair"),
        ("bitext.jsonl", '{"yo": "\\ud83d", "en": "x"}', "bitext.jsonl:1: half a surrogate pair"),
        ("wiktionary.jsonl", '{"word": "\\udc00", "lang_code": "yo"}', "wiktionary.jsonl:1: half a surrogate pair"),
        ("corpus.jsonl", '{"id": ' + "9" * 5000 + ', "text": "x"}', "corpus.jsonl:1: not JSON"),
        ("corpus.jsonl", '{"id": NaN, "text": "x"}', 'corpus.jsonl:1: no "id"'),
        ("corpus.jsonl", '{"id": "a\\u001b]0;x\\u0007", "text": "x"}', "has a hidden character in it (U+001B)"),
        ("corpus.jsonl", '{"id": "a\\u202eb", "text": "x"}', "has a hidden character in it (U+202E)"),
        ("corpus.jsonl", '{"id": "a\\u0000b", "text": "x"}', "has a hidden character in it (U+0000)"),
        ("corpus.jsonl", '{"id": "' + "a" * 1001 + '", "text": "x"}', "has 1,001 characters, of 1,000 at the most"),
        ("qrels.txt", "q 0 d 1_0\n", 'the grade "1_0" is no whole number'),
        ("qrels.txt", "q 0 d ٣\n", 'the grade "٣" is no whole number'),
        ("qrels.txt", f"q 0 d {'7' * 400}\n", "is no whole number of up to nine digits 0 to 9"),
        ("qrels.txt", "q\x1b[31m 0 d 1\n", "qrels.txt:1: the id"),
        ("qrels.txt", "q 0 \u200bd 1\n", "qrels.txt:1: the id"),
        ("run.trec", "q Q0 d 1 1_0 x\n", 'the score "1_0" is no finite number'),
        ("run.trec", "q Q0 d 1 ٣.٤ x\n", 'the score "٣.٤" is no finite number'),
        ("run.trec", f"q Q0 d 1 {'7' * 400} x\n", "is no finite number in the digits 0 to 9"),
        ("run.trec", "q Q0 d\x07 1 1 x\n", "run.trec:1: the id"),
        ("lexicon.tsv", "omi\twater\t1_0\n", 'the weight "1_0"'),
        ("lexicon.tsv", "omi\twater\t٣\n", 'the weight "٣"'),
        ("lexicon.tsv", "omi\twater\t1e999\n", 'the weight "1e999"'),
        ("lexicon.tsv", "yor-000\tomi\teng-000\twater\t1_0\n", 'the weight "1_0"'),
        ("topics.tsv", "q\x9b1\tKí ni?\n", "it has a hidden character in it (U+009B)"),
        ("topics.tsv", "q1\tKí ni?\tWhat is it?\n", "topics.tsv:1: 2 TAB in the line; expected one"),
        ("topics.tsv", "q1\tKí ni?\t\n", "topics.tsv:1: 2 TAB in the line; expected one"),
    ],
)
def test_values_that_are_none(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert message in refused(lambda: READERS[name](tmp_path / name))


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("[" * 500 + "]" * 500, 500),
        ('{"a":' * 250 + "[" * 250 + "]" * 250 + "}" * 250, 500),
        (json.dumps(["[{" * 1000, '"]}[\\' * 1000, "\\"] * 3), 1),
        ("[" + ",".join(["[]", "{}"] * 2000) + "]", 2),
        (json.dumps({"[" * 600: {"]" * 3: 1}}), 2),
    ],
    ids=["lists", "objects and lists", "brackets in strings", "many", "a name of brackets"],
)
def test_json_of_500_levels_is_read_and_brackets_in_strings_are_none(text: str, depth: int) -> None:
    value, levels = files.parse_json(text), 0
    assert value == json.loads(text) == files.parse_json(text.encode("utf-16"))
    while isinstance(value, list | dict):
        value = (value if isinstance(value, list) else list(value.values()) or [None])[0] if value else None
        levels += 1
    assert levels == depth


@pytest.mark.parametrize(
    "text", ["[" * 501, '{"a":' * 501, '["x[",' * 501, "[" * 10_000_000, "[" * 501 + '"' + '\\"' * 1_000_000], ids=range(5)
)
def test_json_of_more_levels_is_refused_before_any_parser_reads_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.13's parser ended the process at a hundred thousand."""
    monkeypatch.delattr(json, "loads")
    with pytest.raises(RecursionError):
        files.parse_json(text)


COMPOSED, APART = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "corpus.jsonl",
            f'{{"id": "{COMPOSED}", "text": "x"}}\n{{"id": "{APART}", "text": "y"}}\n',
            "corpus.jsonl:2: the id é is that of line 1",
        ),
        ("qrels.yo.test.txt", f"q1 0 {COMPOSED} 1\nq1 0 {APART} 1\n", "qrels.yo.test.txt:2: the document é is that of line 1"),
        ("topics.yo.test.tsv", f"{APART}\tKí?\n{COMPOSED}\tKí?\n", "topics.yo.test.tsv:2: the topic é is that of line 1"),
        ("qrels.yo.test.txt", f"q1 0 {APART}1 1\n", f"document {APART}1 is written otherwise in corpus.jsonl"),
        (
            "qrels.yo.test.txt",
            f"q1 0 d1 1\n{APART}q 0 d1 1\n",
            f"qrels.yo.test.txt:2: the topic {APART}q is written otherwise in topics",
        ),
    ],
)
def test_ids_that_only_look_alike(tmp_path: Path, name: str, text: str, message: str) -> None:
    corpus_file = f'{{"id": "{COMPOSED}1", "text": "x"}}\n' + FOLDER["corpus.jsonl"].decode()
    topics = f"q1\tKí?\nq2\tKí?\n{COMPOSED}q\tKí?\n"
    changes = {"corpus.jsonl": corpus_file, "topics.yo.test.tsv": topics, "topics.yo.test.en.tsv": None} | {name: text}
    said = refused(lambda: collections.load(str(written(tmp_path / "a", **changes)), "yo"))
    assert unicodedata.normalize("NFC", message) in unicodedata.normalize("NFC", said)


def test_valid_numbers_and_ids_stay_valid(tmp_path: Path) -> None:
    (tmp_path / "a.trec").write_text("007 Q0 d#1/ä% 1 -1.5e-3 x\n7 Q0 d 1 +.5 x\n7 Q0 می‌خواهم 2 5. x\n")
    assert trec.read_run(tmp_path / "a.trec") == {"007": {"d#1/ä%": -0.0015}, "7": {"d": 0.5, "می‌خواهم": 5.0}}
    (tmp_path / "q.txt").write_text("007 0 d -1\n7 0 d +2\n")
    assert trec.read_qrels(tmp_path / "q.txt") == {"007": {"d": -1}, "7": {"d": 2}}


def test_pyserini_keeps_topic_ids_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from optical_repro.retrieval import jvm
    from optical_repro.retrieval.topic_ids import keep_ids

    jvm.start()
    from pyserini import query_iterator

    monkeypatch.setattr(query_iterator, "get_topics_with_reader", query_iterator.get_topics_with_reader)  # Undone at the end.
    keep_ids()
    for text in ("007\twho\n7\twhat\n", "7\twhat\n10\twho\n", "q-1\twhat\n10\twho\n"):
        (tmp_path / "topics.tsv").write_text(text)
        read = {str(topic): query for topic, query in query_iterator.DefaultQueryIterator.from_topics(str(tmp_path / "topics.tsv"))}
        assert read == dict(line.split("\t") for line in text.splitlines())


# ---- names and places


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"doc_lang": "yo/../../../outside/x"}, 'collection.json: doc_lang: unknown language "yo/../../../outside/x"'),
        ({"doc_lang": "yo\x1b[31m"}, "collection.json: doc_lang: unknown language"),
        ({"doc_lang": "English"}, "its ISO 639 code is en"),
        ({"name": "n" * 300}, "cannot name files: it has more than 200 bytes"),
        ({"name": "ọ" * 80}, "cannot name files: it has more than 200 bytes"),
        ({"name": "a\nb"}, "cannot name files"),
        ({"name": ".hidden"}, "cannot name files"),
    ],
)
def test_what_collection_json_says_is_checked(tmp_path: Path, about: dict[str, str], message: str) -> None:
    assert message in refused(lambda: collections.load(str(written(tmp_path, **{"collection.json": json.dumps(about)})), "yo"))


def test_no_collection_of_any_source_has_a_name_that_is_a_path() -> None:
    for source, lang, split in [
        ("a/b", "yo", "test"),
        ("a", "yo", "../x"),
        ("a", "../yo", "test"),
        ("a", "yo", ""),
        ("a" * 195, "yo", "test"),
    ]:
        assert "cannot name files" in refused(
            lambda source=source, lang=lang, split=split: Collection(source, lang, "en", split, {}, {}, lambda: iter([]), "")
        )


def test_a_linked_folder_has_the_links_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "scratch 17 (old)")
    (tmp_path / "mine").symlink_to(tmp_path / "scratch 17 (old)")
    assert collections.load(str(tmp_path / "mine"), "yo").name == "mine.yo.test"
    monkeypatch.chdir(tmp_path / "mine")
    written(tmp_path / "other")
    monkeypatch.chdir(tmp_path / "other")
    assert collections.load(".", "yo").name == "other.yo.test"


# ---- errors themselves


def test_errors_are_one_short_line_that_a_terminal_does_not_obey() -> None:
    said = str(InputError(f'/a/file.tsv:7: the id "{"x" * 5000}\x1b]0;owned\x07\ud83d\u202e\r\n" is none; expected another'))
    assert said.startswith('/a/file.tsv:7: the id "xxx') and said.endswith('" is none; expected another')
    assert len(said) < 300 and said.isprintable()
    said = str(InputError(f"{'/folder' * 600}/file.tsv:7: wrong; expected {'word ' * 9000}the remedy"))
    assert "/file.tsv:7: wrong; expected" in said and said.endswith("the remedy") and len(said) <= LONGEST
    assert str(InputError('a "short" one\twith a tab')) == 'a "short" one with a tab'
    assert len(str(InputError("\x1b" * 3000))) <= LONGEST


def test_aliases_of_aliases_in_yaml(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(6)
    )
    for text in (bomb + "languages: *g\nregimes: [cs]\n", "regimes: [cs]\nlanguages: &a [*a]\n", "languages: " + "[" * 5000):
        (tmp_path / "grid.yaml").write_text(text)
        assert "grid.yaml" in refused(lambda: grid_file.read_grid(tmp_path / "grid.yaml", tmp_path, None))
    (tmp_path / "grid.yaml").write_text("languages: [yo]\nregimes: [cs]\nseeds: &s [1, 2]\narguments: {steps: 5, bitext: [*s, *s]}\n")
    assert "grid.yaml: arguments: bitext is [[1, 2], [1, 2]]" in refused(
        lambda: grid_file.read_grid(tmp_path / "grid.yaml", tmp_path, None)
    )


LINEAR = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (40, 40))
from optical_repro.lexicon.files import _short_glosses
from optical_repro.collections import clef
many = 400_000
for text in ("<TEXT>" * many, "<" * many, "<DOCNO>" * many, "<HL" * many):
    clef._document(f"<DOC><DOCNO>a</DOCNO>{text}</DOC>", Path("a"), 1)
for text in ("<top>" * many, "<top " * many, "<num" * many):
    list(clef._topic_blocks(text)), list(clef._topic_blocks(f"{text}</top>")), clef._field(text, "num")
list(_short_glosses({"glosses": ["(" * many]}))
"""


def test_readers_are_linear(tmp_path: Path) -> None:
    """What opens and nothing closes is not looked for again and again: it would take hours of processor time."""
    done = subprocess.run([sys.executable, "-c", LINEAR], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- TMX


def tmx(target: str, english: str, tag: str, encoding: str = "utf-8", other: str = "en") -> bytes:
    units = f'<tu><tuv xml:lang="{other}"><seg>{english}</seg></tuv><tuv xml:lang="{tag}"><seg>{target}</seg></tuv></tu>'
    return f'<?xml version="1.0" encoding="{encoding}"?><tmx version="1.4"><header/><body>{units}</body></tmx>'.encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "lang", "text"),
    [
        ("Shift_JIS", "ja", "日本語の文"),
        ("EUC-JP", "ja", "日本語の文"),
        ("ISO-2022-JP", "ja", "日本語の文"),
        ("GB2312", "zh", "中文句子"),
        ("GB18030", "zh", "中文句子"),
        ("Big5", "zh", "中文句子"),
        ("EUC-KR", "ko", "한국어"),
        ("windows-1252", "fr", "Café"),
        ("windows-1256", "ar", "كتاب"),
        ("KOI8-R", "ru", "Книга"),
        ("TIS-620", "th", "ภาษาไทย"),
        ("UTF-16", "yo", "Òjò rọ̀"),
        ("UTF-16LE", "yo", "Òjò rọ̀"),
        ("UTF-32", "yo", "Òjò rọ̀"),
        ("UTF-8", "yo", "Òjò rọ̀"),
    ],
)
def test_tmx_in_any_encoding(tmp_path: Path, encoding: str, lang: str, text: str) -> None:
    (tmp_path / "a.tmx").write_bytes(tmx(text, "A text.", lang, encoding))
    assert read_bitext([tmp_path / "a.tmx"], lang).pairs == [Pair(unicodedata.normalize("NFC", text), "A text.")]


@pytest.mark.parametrize("name", ["klingon", "zlib_codec", "hex", "rot13", "undefined", "utf-16", "ascii", "a" * 50])
def test_tmx_in_an_encoding_that_it_cannot_be_in(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.tmx").write_bytes(tmx("Òjò", "Rain", "yo").replace(b'"utf-8"', f'"{name}"'.encode()))
    assert name in refused(lambda: read_bitext([tmp_path / "a.tmx"], "yo"))


def test_formatting_codes_glue_no_words(tmp_path: Path) -> None:
    text = 'omi<ph x="1">&lt;br/&gt;</ph>tutù <it pos="begin">b</it>nà<ut>b</ut>á<bpt i="1"/>, o<ept i="1"/>! <hi>ọ</hi>ba'
    (tmp_path / "a.tmx").write_bytes(tmx(text, "x<ph/>y", "yo"))
    assert read_bitext([tmp_path / "a.tmx"], "yo").pairs == [Pair("omi tutù nà á, o! ọba", "x y")]


@pytest.mark.parametrize(
    ("lang", "tag"),
    [("yo", "yor"), ("yo", "yor_Latn"), ("yo", "YO-NG"), ("sw", "sw-KE"), ("sw", "swh"), ("hi", "hin"), ("ha", "ha-Latn-NG")],
)
def test_a_language_by_any_of_its_codes(tmp_path: Path, lang: str, tag: str) -> None:
    expected = [Pair("a", "b")]
    (tmp_path / "a.tmx").write_bytes(tmx("a", "b", tag, other="eng_Latn"))
    (tmp_path / f"m.{tag}").write_text("a\n")
    (tmp_path / "m.eng").write_text("b\n")
    (tmp_path / "a.jsonl").write_text(json.dumps({"translation": {tag: "a", "eng_Latn": "b"}}))
    for name in ("a.tmx", "m", f"m.{tag}", "m.eng", "a.jsonl"):
        assert read_bitext([tmp_path / name], lang).pairs == expected, name


def test_of_several_scripts_the_one_asked_for(tmp_path: Path) -> None:
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>e</seg></tuv><tuv xml:lang="sr-Latn"><seg>l{n}</seg></tuv>'
        f'<tuv xml:lang="sr-Cyrl"><seg>c{n}</seg></tuv></tu>'
        for n in "12"
    )
    only_latin = '<tu><tuv xml:lang="en"><seg>e</seg></tuv><tuv xml:lang="sr-Latn"><seg>l3</seg></tuv></tu>'
    (tmp_path / "a.tmx").write_text(f"<tmx><body>{units}{only_latin}</body></tmx>")
    for lang, found in (("sr-Latn", ["l1", "l2", "l3"]), ("sr-Cyrl", ["c1", "c2"]), ("sr", ["c1", "c2"])):
        assert [pair.target for pair in read_bitext([tmp_path / "a.tmx"], lang).pairs] == found


def test_a_panlex_variety_and_wiktionarys_codes(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("swh-000\tmaji\teng-000\twater\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"word": "maji", "lang_code": "swa", "senses": [{"glosses": ["water"]}]}))
    for name in ("a.tsv", "b.jsonl"):
        assert lexicon.read_lexicon(tmp_path / name, "sw").entries == {"maji": {"water": 1.0}}


# ---- damaged downloads


def _damaged(data: bytes, way: str) -> bytes:
    broken = bytearray(data)
    if way == "cut":
        return data[: len(data) // 2]
    if way == "inside":
        broken[80:100] = os.urandom(0) or bytes(range(200, 220))
    elif way == "password":
        for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            start = 0
            while (start := data.find(mark, start)) >= 0:
                broken[start + place] |= 1
                start += 1
    elif way == "method":
        for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
            start = 0
            while (start := data.find(mark, start)) >= 0:
                broken[start + place] = 99
                start += 1
    return bytes(broken)


@pytest.mark.parametrize("way", ["cut", "inside", "password", "method"])
def test_a_damaged_zip_does_not_stay(tmp_path: Path, way: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for ending in ("yo", "en"):
            archive.writestr(f"a.en-yo.{ending}", "".join(f"{ending} {number**7}\n" for number in range(500)))
    assert len(list(named._moses_zip(path, "yo"))) == 500
    path.write_bytes(_damaged(path.read_bytes(), way))
    assert "a broken zip file, now removed; run the command again" in refused(lambda: list(named._moses_zip(path, "yo")))
    assert not path.exists()


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x/y", "/etc/passwd", "http://[bad"])
def test_an_address_that_leads_elsewhere_is_not_followed(tmp_path: Path, address: str) -> None:
    assert "is no address of the web; nothing was fetched" in refused(lambda: downloads.fetch(address, tmp_path / "x"))
    assert not list(tmp_path.iterdir())


# ---- taken for what it is not


SAMPLE = [line.split("\t") for line in (sample.FOLDER / "bitext.yo-en.tsv").read_text(encoding="utf-8").splitlines()]


def bitext(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    path = folder / "bitext.tsv"
    path.write_text("".join(f"{target}\t{english}\n" for target, english in pairs), encoding="utf-8")
    return path


@pytest.mark.parametrize("count", [10, 60, len(SAMPLE)])
def test_parallel_text_whose_sides_are_not_what_they_should_be(tmp_path: Path, count: int) -> None:
    pairs = SAMPLE[:count]
    swapped = refused(lambda: read_bitext([bitext(tmp_path, [(english, target) for target, english in pairs])], "yo"))
    assert (
        "bitext.tsv:1: the sides are swapped, English stands where Yorùbá should" in swapped
        and "expected yo first, then English" in swapped
    )
    both = refused(lambda: read_bitext([bitext(tmp_path, [(english, english) for _, english in pairs])], "yo"))
    assert "bitext.tsv:1: both sides are English" in both
    none = refused(lambda: read_bitext([bitext(tmp_path, [(target, target) for target, _ in pairs])], "yo"))
    assert "bitext.tsv:1: the English side is not English (it looks like Yorùbá)" in none
    assert len(read_bitext([bitext(tmp_path, pairs)], "yo").pairs) == count


def test_swapped_sides_in_every_form(tmp_path: Path) -> None:
    pairs = SAMPLE[:40]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"yo": english, "en": target}) + "\n" for target, english in pairs))
    (tmp_path / "m.yo").write_text("".join(f"{english}\n" for _, english in pairs))
    (tmp_path / "m.en").write_text("".join(f"{target}\n" for target, _ in pairs))
    for name, named_file in (("a.jsonl", "a.jsonl:1"), ("m", "m.yo:1")):
        assert f"{named_file}: the sides are swapped" in refused(lambda name=name: read_bitext([tmp_path / name], "yo"))


LUO = [  # A language that the identifier does not know.
    (
        "Jolup Yesu nodhi e dala mar Kapernaum kendo ne gidonjo e sinagogi chieng Sabato",
        "The disciples of Jesus went to the town of Capernaum",
    ),
    (
        "Ji duto nowuoro ahinya nikech puonjne nimar ne opuonjogi ka ng'at man gi teko",
        "All the people were amazed at what he was teaching them",
    ),
    (
        "Gikanyono ng'at moro man gi jachien nogoyo koko e sinagogi kowacho niya",
        "Just then a man who was possessed cried out and said this",
    ),
    (
        "Bang' mano negidhi e od Simon kod Andrea ka gin gi Jakobo gi Johana",
        "After that they went with James and John to the home of Simon",
    ),
] * 5


def test_a_language_that_the_identifier_does_not_know(tmp_path: Path) -> None:
    assert len(read_bitext([bitext(tmp_path, LUO)], "luo").pairs) == len(set(LUO))
    said = refused(lambda: read_bitext([bitext(tmp_path, [(english, target) for target, english in LUO])], "luo"))
    assert "the sides are swapped, English stands where Luo should" in said


PIDGIN = (
    "Di gofment don build new skul for di pikin dem and dem dey happy well well",
    "Wetin be di name of di river wey dey for our village since my papa time",
    "Dem say di price of rice go still dey rise before di year go end",
    "Police don catch two people wey dey thief motor for inside Lagos market",
    "My sister wan travel go Abuja next week make she see her pikin",
    "Rain fall tey for night so road no good for people wey wan waka",
)
"""Nigerian Pidgin, which the identifier takes for English."""


def test_pidgins_are_told_from_english(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs/own-language/bitext.tpi-en.tsv"
    tok_pisin = [tuple(line.split("\t")) for line in guide.read_text(encoding="utf-8").splitlines()]
    pidgin = [(text, english) for text, (_, english) in zip(PIDGIN * 4, SAMPLE[:24], strict=True)]
    for lang, pairs in (("tpi", tok_pisin), ("pcm", pidgin)):
        assert read_bitext([bitext(tmp_path, pairs)], lang).pairs
        assert "the sides are swapped" in refused(
            lambda lang=lang, pairs=pairs: read_bitext([bitext(tmp_path, [pair[::-1] for pair in pairs])], lang)
        )


def test_no_false_alarm(tmp_path: Path) -> None:
    names = [("Èkó", "Lagos"), ("Ìbàdàn", "Ibadan"), ("Kánò", "Kano"), ("Adé", "Ade"), ("Náíjíríà", "Nigeria"), ("Gánà", "Ghana")] * 40
    pidgin = [(text, english) for text, (_, english) in zip(PIDGIN * 4, SAMPLE[:24], strict=True)]
    for lang, pairs in (("yo", names), ("pcm", pidgin), ("yo", [("Ọmọ", "Child")])):
        read_bitext([bitext(tmp_path, list(dict.fromkeys(pairs)))], lang)
    for texts in (["coffee mountain", "cattle grass", "fish lake"] * 30, [english for _, english in SAMPLE]):
        evidence.check_topics({str(number): text for number, text in enumerate(texts)}, "en", tmp_path)


def topics_of(name: str) -> str:
    return (sample.FOLDER / name).read_text(encoding="utf-8")


def test_topics_under_another_languages_name(tmp_path: Path) -> None:
    names = ("corpus.jsonl", "qrels.yo.test.txt", "topics.yo.test.tsv", "topics.yo.test.en.tsv")
    files_ = {name: topics_of(name) for name in names}
    assert collections.load(str(written(tmp_path / "right", **files_)), "yo").human_topics
    english = written(tmp_path / "english", **files_ | {"topics.yo.test.tsv": topics_of("topics.yo.test.en.tsv")})
    assert "topics.yo.test.tsv: the topics are English, such as geography-t1" in refused(lambda: collections.load(str(english), "yo"))
    human = written(tmp_path / "human", **files_ | {"topics.yo.test.en.tsv": topics_of("topics.yo.test.tsv")})
    said = refused(lambda: collections.load(str(human), "yo"))
    assert "topics.yo.test.en.tsv: the topics are not English (it looks like Yorùbá)" in said
    as_english = {"topics.en.test.tsv": topics_of("topics.yo.test.tsv"), "qrels.en.test.txt": topics_of("qrels.yo.test.txt")}
    for name in names[1:]:
        as_english[name] = None  # type: ignore[assignment]
    folder = written(tmp_path / "as-english", **{"corpus.jsonl": topics_of("corpus.jsonl")} | as_english)
    assert "topics.en.test.tsv: the topics are not English" in refused(lambda: collections.load(str(folder), "en"))


def test_filters_that_leave_next_to_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, wrong = Pair(*SAMPLE[0]), [Pair("Ó", f"{number} " + "x" * 200) for number in range(59)]
    said = refused(lambda: filters.filtered([good, *wrong], ["length"], "yo"))
    assert said.startswith("the filters dropped all but 1 of the 60 pairs of the bitext (length 59); leave out one with --bitext-filter")
    path = bitext(tmp_path, [*map(tuple, SAMPLE[:20]), *wrong[:30]])  # type: ignore[list-item]
    settings = Settings(bitext=(path,), bitext_filter=("length",))
    assert len(Experiment(collections.load("sample", "yo"), settings, Cache(tmp_path)).pairs) == 20
    assert "20 of 50 pairs kept; dropped by length 30; note: that is less than half" in capsys.readouterr().out


def test_a_collection_without_english(tmp_path: Path) -> None:
    collection = Collection(
        "mine", "yo", "sw", "test", {"q": "Kí ni?"}, {"q": {"d": 1}}, lambda: iter([Passage("d", "", "Ni nini?")]), "x", location="mine"
    )
    experiment = Experiment(collection, Settings(), Cache(tmp_path))
    for name in ("dense-zs", "optical-none", "optical-cs", "optical-bt+bm25", "bm25-qt", "bm25-psq"):
        said = refused(lambda name=name: check_text(experiment, [parse("bm25"), parse(name)]))
        assert said.startswith(
            f"mine.yo.test: topics in yo, documents in sw, and {name} needs English on one side; give it English documents"
        )
    check_text(experiment, [parse("bm25")])
    same = Experiment(Collection("mine", "yo", "yo", "test", {}, {}, lambda: iter([]), "x"), Settings(), Cache(tmp_path))
    check_text(same, [parse("bm25"), parse("dense-zs")])


# ---- CLEF


def clef_folder(folder: Path, **changes: str) -> Path:
    made = {
        "documents/a.sgml": "".join(f"<DOC><DOCNO>LA-{n}</DOCNO><TEXT>text {n}</TEXT></DOC>\n" for n in (1, 2, 3)),
        "topics.sw.2007.tsv": "2007-1\tkahawa\n2007-2\tnyasi\n2007-3\tsamaki\n",
        "topics.en.2007.tsv": "2007-1\tcoffee\n2007-2\tgrass\n2007-3\tfish\n",
        "qrels.2007.txt": "2007-1 0 LA-1 1\n2007-2 0 LA-2 1\n2007-3 0 LA-3 1\n",
    }
    for name, text in (made | changes).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_topics_that_share_a_number_keep_their_own(tmp_path: Path) -> None:
    other_ids = {
        "topics.en.2007.tsv": "2007-01\tcoffee\n2007-02\tgrass\n2007-03\tfish\n",
        "qrels.2007.txt": "2007-001 0 LA-1 1\n2007-002 0 LA-2 1\n",
    }
    for number, changes in enumerate(({}, other_ids)):
        collection = collections.load(str(clef_folder(tmp_path / str(number), **changes)), "sw")
        expected = {"2007-1": "coffee", "2007-2": "grass", "2007-3": "fish"}
        assert collection.human_topics == {topic: expected[topic] for topic in collection.topics}
        assert collection.qrels == {topic: {f"LA-{topic[-1]}": 1} for topic in collection.topics}
    for name, text in (("topics.en.2007.tsv", "A-2007-1\ta\nB-2007-1\tb\n"), ("qrels.2007.txt", "A-2007-1 0 LA-1 1\nB-2007-1 0 LA-2 1\n")):
        folder = clef_folder(tmp_path / name, **{name: text})
        said = refused(lambda folder=folder: collections.load(str(folder), "sw"))
        assert f"{name}: topics A-2007-1 and B-2007-1 have one number" in said
    twice = clef_folder(tmp_path / "twice", **{"topics.sw.2007.xml": "<top><num>1</num><title>x</title></top>"})
    assert "topics.sw.2007.tsv has topics of that language and split too" in refused(lambda: collections.load(str(twice), "sw"))


def test_nothing_is_written_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "place"
    about = json.dumps({"doc_lang": "yo/../../../outside/x"})
    english = {"topics.en.test.tsv": "q1\tWhich river?\n", "qrels.en.test.txt": "q1 0 d1 1\n"}
    written(place, **{"collection.json": about, **english})
    monkeypatch.chdir(place)
    assert main(["--lang", "en", "--collection", ".", "--systems", "bm25", "--cache-dir", "cache"]) == 2
    assert "doc_lang" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["place"] and not (place / "runs").exists()
