"""Collections in folders: what is read, what is refused, and with which words."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from optical_repro import collections
from optical_repro.base.errors import InputError
from optical_repro.collections import Passage, corpus

FILES = {
    "corpus.jsonl": '{"id": "d1", "title": "Nile", "text": "A river."}\n{"id": 2, "contents": "Kano\\nA city."}\n\n'
    '{"docid": "d3", "text": "A lake."}\n',
    "topics.yo.test.tsv": "q1\tOdò wo?\nq2\tÌlú  wo?\n",
    "topics.yo.test.en.tsv": "q1\tWhich river?\nq2\tWhich city?\n",
    "qrels.yo.test.txt": "q1 0 d1 2\nq1 0 d3 0\nq2 0 2 1\n",
}


def written(folder: Path, **changes: str | None) -> Path:
    """The folder with FILES, some changed or left out."""
    folder.mkdir(exist_ok=True)
    for name, text in (FILES | changes).items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_folder(tmp_path: Path) -> None:
    collection = collections.load(str(written(tmp_path / "mine")), "yo")
    assert (collection.name, collection.doc_lang, collection.target) == ("mine.yo.test", "en", "yo")
    assert collection.topics == {"q1": "Odò wo?", "q2": "Ìlú wo?"}
    assert collection.human_topics == {"q1": "Which river?", "q2": "Which city?"}
    assert collection.qrels == {"q1": {"d1": 2, "d3": 0}, "q2": {"2": 1}}
    passages = [Passage("d1", "Nile", "A river."), Passage("2", "", "Kano\nA city."), Passage("d3", "", "A lake.")]
    assert list(collection.passages()) == list(collection.passages()) == passages
    assert [passage.contents for passage in passages] == ["Nile\nA river.", "Kano\nA city.", "A lake."]


def test_a_gzip_corpus_and_the_digest(tmp_path: Path) -> None:
    plain = collections.load(str(written(tmp_path / "plain")), "yo")
    packed = written(tmp_path / "packed", **{"corpus.jsonl": None})
    (packed / "corpus.jsonl.gz").write_bytes(gzip.compress(FILES["corpus.jsonl"].encode()))
    assert list(collections.load(str(packed), "yo").passages()) == list(plain.passages())
    changed = written(tmp_path / "changed", **{"corpus.jsonl": FILES["corpus.jsonl"].replace("lake", "loch")})
    assert collections.load(str(changed), "yo").digest != plain.digest


def test_collection_json(tmp_path: Path) -> None:
    about = {"name": "ours", "doc_lang": "sw", "license": "CC0-1.0", "citation": "Us 2025"}
    topics = {"topics.en.dev.tsv": "q1\tWhich river?\n", "qrels.en.dev.txt": "q1 0 d1 1\n"}
    collection = collections.load(str(written(tmp_path, **{"collection.json": json.dumps(about)}, **topics)), "en")
    assert (collection.name, collection.lang, collection.doc_lang) == ("ours.sw.dev", "en", "sw")
    assert (collection.license, collection.citation, collection.human_topics) == ("CC0-1.0", "Us 2025", None)


def test_english_topics_are_found_by_the_documents_language(tmp_path: Path) -> None:
    """As in CIRAL; topics in that language themselves come first."""
    english = {"topics.en.test.tsv": "q1\tWhich river?\n", "qrels.en.test.txt": "q1 0 d1 1\n", "collection.json": '{"doc_lang": "yo"}'}
    both = collections.load(str(written(tmp_path / "both", **english)), "yo")
    assert (both.lang, both.doc_lang) == ("yo", "yo")
    alone = dict.fromkeys(("topics.yo.test.tsv", "topics.yo.test.en.tsv", "qrels.yo.test.txt"))
    folder = str(written(tmp_path / "english", **english, **alone))
    for lang in ("yo", "en"):
        collection = collections.load(folder, lang)
        assert (collection.name, collection.lang, collection.doc_lang) == ("english.yo.test", "en", "yo")


@pytest.mark.parametrize(
    ("splits", "asked", "given"),
    [
        (("dev",), None, "dev"),
        (("train", "test", "dev"), None, "test"),
        (("train", "dev"), None, "dev"),
        (("train", "test"), "train", "train"),
    ],
)
def test_the_split(tmp_path: Path, splits: tuple[str, ...], asked: str | None, given: str) -> None:
    for split in splits:
        (tmp_path / f"topics.ha.{split}.tsv").write_text(f"{split}\tWane kogi?\n")
        (tmp_path / f"qrels.ha.{split}.txt").write_text(f"{split} 0 d1 1\n")
    collection = collections.load(str(written(tmp_path)), "ha", asked)
    assert (collection.split, list(collection.topics)) == (given, [given])


def test_unjudged_topics_are_left_out_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    collection = collections.load(str(written(tmp_path, **{"qrels.yo.test.txt": "q2 0 2 1\n"})), "yo")
    assert list(collection.topics) == list(collection.qrels) == list(collection.human_topics or ()) == ["q2"]
    assert "1 of 2 topics of topics.yo.test.tsv have no judgement and are left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("corpus.jsonl", None, "/corpus.jsonl: no such file; expected the documents in it; the folder has: qrels.yo.test.txt, topics.yo"),
        ("corpus.jsonl", "\n", "corpus.jsonl: no documents in it"),
        ("corpus.jsonl", '{"id": "d1", "text": "x"}\n{"id": "d2", \n', "corpus.jsonl:2: not JSON; expected"),
        ("corpus.jsonl", "[]\n", "corpus.jsonl:1: not an object"),
        ("corpus.jsonl", '{"key": "d1", "text": "x"}\n', 'corpus.jsonl:1: no "id"; expected'),
        ("corpus.jsonl", '{"id": "", "text": "x"}\n', 'corpus.jsonl:1: no "id"'),
        ("corpus.jsonl", '{"id": "d 1", "text": "x"}\n', 'corpus.jsonl:1: the id "d 1" has a space'),
        ("corpus.jsonl", '{"id": "d1", "title": "x"}\n', 'corpus.jsonl:1: no "text" for d1'),
        ("corpus.jsonl", '{"id": "d1", "text": ["x"]}\n', 'corpus.jsonl:1: no "text" for d1'),
        ("corpus.jsonl", '{"id": "d1", "text": "\\ud83d"}\n', "corpus.jsonl:1: half a surrogate pair in d1"),
        ("corpus.jsonl", FILES["corpus.jsonl"] + '{"id": "2", "text": "x"}\n', "corpus.jsonl:5: the id 2 stands twice (first in line 2)"),
        ("topics.yo.test.tsv", "q1\tx\nq2 y\n", "topics.yo.test.tsv:2: no TAB in the line; expected topic id TAB text"),
        ("topics.yo.test.tsv", "q1\t \nq2\ty\n", "topics.yo.test.tsv:1: no text for topic q1"),
        ("topics.yo.test.tsv", "q 1\tx\n", 'topics.yo.test.tsv:1: "q 1" is no topic id'),
        ("topics.yo.test.tsv", "q1\tx\nq2\ty\nq1\tz\n", "topics.yo.test.tsv:3: topic q1 stands twice"),
        ("topics.yo.test.tsv", "\n", "topics.yo.test.tsv: no topics in it"),
        ("topics.yo.test.tsv", None, "/topics.yo.<split>.tsv: no such file; languages with topics there (and their splits): none"),
        ("topics.yo.test.en.tsv", "q1\tx\n", "topics.yo.test.en.tsv: no translation of topic q2 (1 such)"),
        ("qrels.yo.test.txt", None, "qrels.yo.test.txt: no such file; expected the judgements of topics.yo.test.tsv"),
        ("qrels.yo.test.txt", "q1 d1 1\n", "qrels.yo.test.txt:1: 3 columns; expected four"),
        ("qrels.yo.test.txt", "q1 0 d1 yes\n", 'qrels.yo.test.txt:1: the grade "yes" is no whole number'),
        ("qrels.yo.test.txt", "q1 0 d1 1\nq9 0 d1 1\n", "qrels.yo.test.txt:2: topic q9 (1 such) is not in topics.yo.test.tsv"),
        ("qrels.yo.test.txt", "q1 0 d1 1\nq1 0 d9 0\n", "qrels.yo.test.txt:2: document d9 (1 such) is not in corpus.jsonl"),
        ("qrels.yo.test.txt", "1 0 d1 1\n", "no topic has a judgement (topics like q1, judgements like 1)"),
        ("qrels.yo.test.txt", "q1 0 d1 0\n", "no document is judged relevant to any topic"),
        ("collection.json", "{", "collection.json: not JSON"),
        ("collection.json", '{"name": 7}', "collection.json: expected one object"),
        ("collection.json", '{"name": "../up"}', 'collection.json: the name "../up" cannot name files'),
    ],
)
def test_bad_input_says_where_and_what_to_do(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        collections.load(str(written(tmp_path, **{name: text})), "yo")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_not_utf8(tmp_path: Path) -> None:
    # Of spreadsheets UTF-16 is read, and this is none.
    wrong = "byte 0xff is not UTF-8"
    for name, message in (("corpus.jsonl", wrong), ("topics.yo.test.tsv", "no TAB in the line"), ("qrels.yo.test.txt", wrong)):
        folder = written(tmp_path / name)
        (folder / name).write_bytes(b"\xff\xfe" + (folder / name).read_bytes())
        with pytest.raises(InputError, match=f"{name}:1: {message}"):
            collections.load(str(folder), "yo")


def test_what_is_there_is_named_when_something_else_is_asked_for(tmp_path: Path) -> None:
    folder = str(written(tmp_path, **{"topics.ha.dev.tsv": "q1\tx\n", "topics.ha.train.tsv": "q1\tx\n"}))
    with pytest.raises(InputError, match=r"topics\.sw\.<split>\.tsv: no such file; .*: ha \(dev, train\), yo \(test\)"):
        collections.load(folder, "sw")
    with pytest.raises(InputError, match=r"topics\.ha\.test\.tsv: no such file; splits there for ha: dev, train"):
        collections.load(folder, "ha", "test")
    written(tmp_path, **{"topics.ti.a.tsv": "q1\tx\n", "topics.ti.b.tsv": "q1\tx\n"})
    with pytest.raises(InputError, match="name one of its splits for ti with --split: a, b"):
        collections.load(folder, "ti")
    with pytest.raises(InputError, match=r"corpus\.jsonl: is a file; expected a folder"):
        collections.load(str(tmp_path / "corpus.jsonl"), "yo")


def test_ids_that_collide_in_the_check_but_differ_are_no_duplicates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "_hash", lambda identity: 7)
    assert len(list(collections.load(str(written(tmp_path)), "yo").passages())) == 3


def test_the_sample() -> None:
    languages = collections.SOURCES["sample"].languages
    assert {"sw", "yo"} <= set(languages)
    for lang in languages:
        sample = collections.load("sample", lang)
        assert (sample.name, sample.doc_lang) == (f"sample.{lang}.test", "en")
        assert sample.human_topics and all(path.exists() for path in sample.bitext)
    with pytest.raises(InputError, match="the sample has topics in sw and yo, not in ti; for ti: --collection FOLDER --bitext FILE"):
        collections.load("sample", "ti")


# Files of spreadsheets


TABLES = {
    "corpus.jsonl": None,
    "topics.yo.test.tsv": None,
    "topics.yo.test.en.tsv": None,
    "corpus.csv": 'id;title;text\nd1;Nile;A river.\n2;;"Kano\nA city; large."\nd3;;A lake.\n',
    "topics.yo.test.csv": 'q1;Odò wo?\nq2;"Ìlú; wo?"\n',
    "topics.yo.test.en.csv": "qid,query\nq1,Which river?\nq2,Which city?\n",
}


def test_a_folder_of_csv(tmp_path: Path) -> None:
    collection = collections.load(str(written(tmp_path / "mine", **TABLES)), "yo")
    assert collection.topics == {"q1": "Odò wo?", "q2": "Ìlú; wo?"}
    assert collection.human_topics == {"q1": "Which river?", "q2": "Which city?"}
    assert list(collection.passages()) == [
        Passage("d1", "Nile", "A river."), Passage("2", "", "Kano\nA city; large."), Passage("d3", "", "A lake.")
    ]  # fmt: skip


def test_topics_in_utf_16(tmp_path: Path) -> None:
    """As Excel's "Unicode text" has them."""
    folder = written(tmp_path / "mine")
    for name in ("topics.yo.test.tsv", "topics.yo.test.en.tsv"):
        (folder / name).write_bytes(FILES[name].replace("\n", "\r\n").encode("utf-16"))
    same = collections.load(str(written(tmp_path / "other")), "yo")
    collection = collections.load(str(folder), "yo")
    assert (collection.topics, collection.human_topics) == (same.topics, same.human_topics)


def test_tsv_counts_where_both_are_there(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", **{"topics.yo.test.csv": "q9,other\n", "corpus.csv": "id,text\nd9,other\n"})
    assert collections.load(str(folder), "yo").topics.keys() == {"q1", "q2"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"topics.yo.test.tsv": None, "topics.yo.test.xlsx": "PK"}, "topics.yo.test.xlsx: is a workbook; save it in the spreadsheet "
         "program as CSV UTF-8 with the name topics.yo.test.csv"),
        ({"corpus.jsonl": None, "corpus.xlsx": "PK"}, "corpus.xlsx: is a workbook; save it in the spreadsheet program as CSV UTF-8"),
        ({**TABLES, "topics.yo.test.csv": "q1;Odò wo?\n;Ìlú\n"}, 'topics.yo.test.csv:2: "" is no topic id: it is empty'),
        ({**TABLES, "topics.yo.test.csv": "q1;Odò wo?\nq2; \n"}, "topics.yo.test.csv:2: no text for topic q2"),
        ({**TABLES, "corpus.csv": "id,text\nd1,A river.\n,x\n"}, 'corpus.csv:3: no "id"'),
    ],
)  # fmt: skip
def test_tables_that_are_refused(tmp_path: Path, changes: dict[str, str | None], message: str) -> None:
    with pytest.raises(InputError) as refused:
        collections.load(str(written(tmp_path / "mine", **changes)), "yo")
    assert message in str(refused.value)
