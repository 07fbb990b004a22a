"""CIRAL, AfriCLIRMatrix and AfriQA, from files of their true layout behind a small imitation of the Hub and of GitHub."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serve import Quiet, serve

from optical_repro import collections
from optical_repro.base import downloads
from optical_repro.base.errors import InputError
from optical_repro.collections import Passage, hub
from optical_repro.collections import __main__ as listing


class HubAndGithub(Quiet):
    """``/datasets/<repository>/resolve/<revision>/<path>`` and ``/<repository>/main/<path>``."""

    def translate_path(self, path: str) -> str:
        path = path.partition("?")[0].removeprefix("/datasets").replace("/resolve/", "/")
        owner, name, _, rest = path.removeprefix("/").split("/", 3)
        return super().translate_path(f"{owner}/{name}/{rest}")

    def end_headers(self) -> None:
        file = Path(self.translate_path(self.path))
        if file.is_file():
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{hashlib.sha1(file.read_bytes()).hexdigest()}"')
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        super().end_headers()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that is served, a folder a repository."""
    from huggingface_hub import constants

    monkeypatch.setenv("OPTICAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "served"
    folder.mkdir()
    with serve(folder, HubAndGithub) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr(downloads, "GITHUB", address)
        yield folder


def put(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


def jsonl(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def put_ciral(folder: Path) -> None:
    put(folder, "CIRAL/ciral/ciral-yoruba/topics/topics.ciral-v1.0-yo-test-a.tsv", "401\tWho won the race?\n402\tIs it raining?\n")
    put(folder, "CIRAL/ciral/ciral-yoruba/qrels/qrels.ciral-v1.0-yo-test-a.tsv", "401 Q0 DOC#1#0 1\n402 Q0 DOC#1#0 0\n")
    put(folder, "CIRAL/ciral/ciral-yoruba/qrels/qrels.ciral-v1.0-yo-test-a-pools.tsv", "401 Q0 DOC#1#0 1\n401 Q0 DOC#2#0 1\n")
    passages = (
        {"docid": "DOC#1#0", "title": "Eré ìje", "text": "Ó gba ẹ̀bùn.", "url": "https://example.org/1"},
        {"docid": "DOC#2#0", "title": "Ojú ọjọ́", "text": "Òjò ń rọ̀.", "url": "https://example.org/2"},
    )
    put(folder, "CIRAL/ciral-corpus/passages-v1.0/yoruba_passages.jsonl", jsonl(*passages))


def test_ciral(served: Path) -> None:
    put_ciral(served)
    collection = collections.load("ciral", "yo")
    assert (collection.name, collection.lang, collection.doc_lang) == ("ciral.yo.test-a", "en", "yo")
    assert collection.topics == {"401": "Who won the race?", "402": "Is it raining?"}
    assert collection.qrels == {"401": {"DOC#1#0": 1}, "402": {"DOC#1#0": 0}}
    assert list(collection.passages()) == [Passage("DOC#1#0", "Eré ìje", "Ó gba ẹ̀bùn."), Passage("DOC#2#0", "Ojú ọjọ́", "Òjò ń rọ̀.")]
    pools = collections.load("ciral", "yo", "test-a-pools")
    assert (pools.name, pools.qrels) == ("ciral.yo.test-a-pools", {"401": {"DOC#1#0": 1, "DOC#2#0": 1}})


def put_africlirmatrix(served: Path) -> None:
    put(served, "castorini/africlirmatrix/test/queries/topics.africlirmatrix-v1.0.en.yor.tsv", "14653\tIran\n")
    put(served, "castorini/africlirmatrix/test/qrels/qrels.africlirmatrix-v1.0.en.yor.txt", "14653 Q0 1750 6\n")
    put(
        served, "castorini/africlirmatrix/africlirmatrix-v1.0-yoruba/corpus.jsonl", jsonl({"id": "1750", "contents": "Ìránì jẹ́ orílẹ̀-èdè."})
    )


def test_africlirmatrix_goes_on_without_a_network_once_it_is_on_disk(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_africlirmatrix(served)
    source = collections.SOURCES["africlirmatrix"]
    assert not source.on_disk()
    collection = collections.load("africlirmatrix", "yo")
    assert source.on_disk()
    assert (collection.name, collection.lang, collection.doc_lang) == ("africlirmatrix.yo.test", "en", "yo")
    assert (collection.qrels, [passage.contents for passage in collection.passages()]) == ({"14653": {"1750": 6}}, ["Ìránì jẹ́ orílẹ̀-èdè."])
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(downloads, "GITHUB", "http://127.0.0.1:9")
    assert collections.load("africlirmatrix", "yo").digest == collection.digest


def put_afriqa(served: Path) -> None:
    for code, splits in hub.AFRIQA.values():
        for split in splits:
            questions = [
                {"id": "0", "question_lang": f"{code} {split}?", "question_translated": "Who?", "title": "Nile", "context": "A river."},
                {"id": "1", "question_lang": "?", "question_translated": "What?", "title": code, "context": "A lake."},
            ]
            put(
                served, f"masakhane-io/afriqa/data/gold_passages/{code}/gold_span_passages.afriqa.{code}.en.{split}.json", jsonl(*questions)
            )


def test_afriqa_merges_the_gold_passages_of_all_languages(served: Path) -> None:
    put_afriqa(served)
    collection = collections.load("afriqa", "ha", "dev")
    assert (collection.name, collection.lang, collection.doc_lang) == ("afriqa.ha.dev", "ha", "en")
    assert collection.topics == {"ha-dev-0": "hau dev?", "ha-dev-1": "?"}
    assert collection.human_topics == {"ha-dev-0": "Who?", "ha-dev-1": "What?"}
    passages = {passage.id: passage for passage in collection.passages()}
    assert len(passages) == 1 + len(hub.AFRIQA)
    assert [[passages[document].title for document in grades] for grades in collection.qrels.values()] == [["Nile"], ["hau"]]
    assert collections.load("afriqa", "yo").digest == collection.digest


def put_afriqa_dump(served: Path) -> None:
    dump = (
        {"docid": 7, "text": " A  river.", "title": "Nile"},
        {"docid": 809223, "text": " The rink is long.", "title": "Bolshoy Ice Dome"},
    )
    put(served, "ToluClassics/masakhane_wiki_100/masakhane_wiki_100-english/corpus.jsonl", jsonl(*dump))


def test_afriqa_over_its_whole_dump(served: Path) -> None:
    put_afriqa(served)
    put_afriqa_dump(served)
    gold, full = (collections.load(name, "ha", "dev") for name in ("afriqa", "afriqa-full"))
    assert (full.name, full.topics, full.human_topics, full.qrels) == ("afriqa-full.ha.dev", gold.topics, gold.human_topics, gold.qrels)
    assert list(full.passages()) == list(full.passages()) == [*gold.passages(), Passage("809223", "Bolshoy Ice Dome", " The rink is long.")]
    assert full.digest != gold.digest


def test_what_is_not_there(served: Path) -> None:
    with pytest.raises(InputError, match=r"^CIRAL/ciral/ciral-hausa/topics.*: cannot be downloaded .*; check the network") as error:
        collections.load("ciral", "ha")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=r"topics\.africlirmatrix-v1\.0\.en\.zul\.tsv: cannot be downloaded \(HTTP Error 404"):
        collections.load("africlirmatrix", "zu")
    for name, lang, split, message in [
        ("ciral", "ig", None, 'unknown language of ciral "ig"'),
        ("ciral", "yo", "test", 'unknown split of ciral in yo "test"; did you mean test-'),
        ("afriqa", "sw", "dev", 'unknown split of afriqa in sw "dev"; known: test'),
    ]:
        with pytest.raises(InputError, match=message):
            collections.load(name, lang, split)


def test_no_network(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # The Hub's library tries again for 23 seconds.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"^CIRAL/ciral/.*: cannot be downloaded .*; check the network") as error:
        collections.load("ciral", "yo")
    assert "\n" not in str(error.value)


def test_the_list() -> None:
    listed = subprocess.run([sys.executable, "-m", "optical_repro.collections"], capture_output=True, text=True, check=True)
    names = [line.split()[0] for line in listed.stdout.splitlines() if line[:1].strip() and "→" in line and ":" not in line]
    assert names == list(collections.SOURCES)
    assert listed.stderr == ""
    assert "49,043 (yo) to 32,893,221 (en)" in listed.stdout and "ir-datasets.com/miracl.html" in listed.stdout


def test_the_list_of_a_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert listing.main(["--lang", "yo"]) == 0
    said = capsys.readouterr().out
    assert "dev        49,043 documents, 119 topics" in said
    assert "test-b     82,095 documents, 554 topics" in said and "test       5,364 documents, 253 topics" in said
    assert "\nmr-tydi" not in said and "\nclirmatrix" in said
