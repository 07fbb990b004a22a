"""Collections in BEIR's format: read, written, and refused with file and line."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from mutations import WAYS

from optical_repro import collections
from optical_repro.base.errors import InputError
from optical_repro.collections.__main__ import main

FILES = {
    "corpus.jsonl": '{"_id": "d1", "title": "Nile", "text": "A river.", "metadata": {}}\n{"_id": "d2", "title": "", "text": "A city."}\n',
    "queries.jsonl": '{"_id": "q1", "text": "Odò wo?"}\n{"_id": "q2", "text": "Ìlú  wo?", "metadata": {}}\n',
    "queries.en.jsonl": '{"_id": "q1", "text": "Which river?"}\n{"_id": "q2", "text": "Which city?"}\n',
    "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
    "qrels/train.tsv": "query-id\tcorpus-id\tscore\nq2\td2\t1\n",
}


def written(folder: Path, **changes: str | None) -> Path:
    """The folder with FILES, some changed or left out."""
    (folder / "qrels").mkdir(parents=True)
    for name, text in (FILES | changes).items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    collection = collections.load(str(written(tmp_path / "mine")), "yo")
    assert (collection.name, collection.doc_lang, collection.split) == ("mine.yo.test", "en", "test")
    assert collection.topics == {"q1": "Odò wo?"} and collection.human_topics == {"q1": "Which river?"}
    assert collection.qrels == {"q1": {"d1": 2, "d2": 0}}
    assert [(passage.id, passage.title, passage.text) for passage in collection.passages()] == [
        ("d1", "Nile", "A river."),
        ("d2", "", "A city."),
    ]
    assert collection.left_out == 0 and capsys.readouterr().out == "", "q2 is judged in another split"
    assert collections.load(str(tmp_path / "mine"), "yo", "train").topics == {"q2": "Ìlú wo?"}


def test_topics_of_a_language_beside_the_originals(tmp_path: Path) -> None:
    """As a translated BEIR collection: queries.jsonl stays English."""
    names = {"queries.yor.jsonl": FILES["queries.jsonl"], "queries.jsonl": FILES["queries.en.jsonl"], "queries.en.jsonl": None}
    collection = collections.load(str(written(tmp_path / "both", **names)), "yo")
    assert collection.topics == {"q1": "Odò wo?"} and collection.human_topics == {"q1": "Which river?"}


def test_a_stated_language_is_no_other(tmp_path: Path) -> None:
    folder = written(tmp_path / "stated", **{"collection.json": '{"lang": "yo"}'})
    assert collections.load(str(folder), "yo").topics == {"q1": "Odò wo?"}
    with pytest.raises(InputError, match=r"queries\.sw\.jsonl: no such file; .* languages with topics there: yo, en"):
        collections.load(str(folder), "sw")


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("corpus.jsonl", '{"_id": "d1", "text": "x"}\n{"text": "y"}\n', 'corpus.jsonl:2: no "id"'),
        ("queries.jsonl", '{"_id": "q1", "text": "Odò"}\n["q2"]\n', "queries.jsonl:2: not a topic"),
        ("queries.jsonl", '{"_id": "q1", "text": " "}\n', "queries.jsonl:1: no text for topic q1"),
        ("queries.jsonl", '{"_id": "q 1", "text": "x"}\n', 'queries.jsonl:1: "q 1" is no topic id'),
        ("queries.jsonl", '{"_id": "q1", "text": "x"}\n{"_id": "q1", "text": "y"}\n', "queries.jsonl:2: topic q1 stands twice"),
        ("queries.jsonl", "", "queries.jsonl: no topics in it"),
        ("queries.en.jsonl", '{"_id": "q2", "text": "x"}\n', "queries.en.jsonl: no translation of topic q1"),
        ("qrels/test.tsv", "q1\td1\t1\n", "test.tsv:1: a judgement, where BEIR has a heading"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 d1 1\n", "test.tsv:2: 1 columns between TAB"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t0.5\n", 'test.tsv:2: the grade "0.5"'),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td9\t1\n", "test.tsv:3: document d9 (1 such) is not in corpus.jsonl"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq7\td1\t1\n", "test.tsv:3: topic q7 (1 such) is not in queries.jsonl"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td1\t0\n", "test.tsv:3: document d1 is judged twice"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "test.tsv: no judgements in it"),
        ("collection.json", '{"lang": 7}', "collection.json: expected one object"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, name: str, text: str, error: str) -> None:
    with pytest.raises(InputError) as refused:
        collections.load(str(written(tmp_path / "bad", **{name: text})), "yo")
    assert error in str(refused.value) and "\n" not in str(refused.value)


def test_splits(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", **{"qrels/test.tsv": None, "qrels/dev.tsv": FILES["qrels/test.tsv"]})
    assert collections.load(str(folder), "yo").split == "dev"
    with pytest.raises(InputError, match=r"qrels/test\.tsv: no such file; splits there: dev, train"):
        collections.load(str(folder), "yo", "test")
    (folder / "qrels/dev.tsv").rename(folder / "qrels/two.tsv")
    with pytest.raises(InputError, match="name one of its splits with --split: train, two"):
        collections.load(str(folder), "yo")


def test_what_is_written_is_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--lang", "yo", "--beir", str(tmp_path / "sample")]) == 0
    assert "84 topics in Yorùbá, split test" in capsys.readouterr().out
    original, again = collections.load("sample", "yo"), collections.load(str(tmp_path / "sample"), "yo")
    for part in ("name", "lang", "doc_lang", "topics", "human_topics", "qrels", "license", "citation"):
        assert getattr(original, part) == getattr(again, part), part
    assert list(original.passages()) == list(again.passages())
    heading, first = (tmp_path / "sample/qrels/test.tsv").read_text().splitlines()[:2]
    assert heading == "query-id\tcorpus-id\tscore" and first.count("\t") == 2
    assert json.loads((tmp_path / "sample/queries.jsonl").read_text().splitlines()[0]).keys() == {"_id", "text"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["sample", "--lang", "yo"], "error: --beir FOLDER missing"),
        (["--beir", "new"], "error: a collection and --lang CODE missing"),
        (["sample", "--lang", "yo", "--beir", "full"], "error: full: is there already; name a new folder, or an empty one"),
        (["sampel", "--lang", "yo", "--beir", "new"], "error: unknown collection"),
    ],
)
def test_a_command_that_cannot_write_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("")
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith(error) and told.count("\n") == 1 and not (tmp_path / "new").exists()


def test_damaged_folders_are_read_or_refused(tmp_path: Path) -> None:
    refused = 0
    for seed in range(150):
        chance = random.Random(seed)
        folder, name, way = written(tmp_path / str(seed)), chance.choice(sorted(FILES)), chance.choice(WAYS)
        (folder / name).write_bytes(way(chance, FILES[name].encode()))
        try:
            list(collections.load(str(folder), "yo").passages())
        except InputError as error:
            refused += 1
            assert "\n" not in str(error), (seed, name, way.__name__)
    assert 30 < refused < 150
