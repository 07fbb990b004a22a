"""Looking things up from the terminal: the same hits as the runs, from the same index, with the words that matched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

import faiss
import pytest
from conftest import Done, open_terminal, read_terminal

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.trec import read_run
from optical_repro.base.words import words
from optical_repro.collections.collection import Passage
from optical_repro.lexicon import lexicon, spelling
from optical_repro.records import checkpoints
from optical_repro.retrieval import bm25
from optical_repro.search import main
from optical_repro.searching import chance
from optical_repro.searching.finder import Finder
from optical_repro.searching.listing import EXCERPT, excerpt, format_hit

TOPIC = "geography-t2"
"""Which African mountain is the tallest, and where is it?"""


@pytest.fixture(scope="module")
def sample() -> collections.Collection:
    return collections.load("sample", "yo")


@pytest.fixture(scope="module")
def student(sample_run: Done) -> str:
    return str(sample_run.runs / "optical-cs.manifest.json")


@pytest.fixture(scope="module")
def finder(sample: collections.Collection, student: str, cache: Path) -> Finder:
    return Finder(sample, checkpoints.find(student, Path("runs")), Cache(cache), "cpu")


def search(cache: Path, student: str, *arguments: str) -> list[str]:
    return ["--lang", "yo", "--cache-dir", str(cache), "--model", student, "--device", "cpu", *arguments]


def as_read(sample_run: Done) -> dict[str, str]:
    """The topics as the run's student read them."""
    lines = (sample_run.runs / "optical-cs.topics.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def test_every_topic_is_read_as_in_the_run(finder: Finder, sample: collections.Collection, sample_run: Done) -> None:
    assert {topic: finder.read(text) for topic, text in sample.topics.items()} == as_read(sample_run)


def test_hits_are_those_of_the_run(finder: Finder, sample: collections.Collection, sample_run: Done) -> None:
    run = read_run(sample_run.runs / "optical-cs.trec")
    respelled = [topic for topic, text in as_read(sample_run).items() if text != sample.topics[topic]]
    for topic in [*list(sample.topics)[:4], *respelled[:4]]:
        found = finder.find(sample.topics[topic], 5).hits
        assert [hit.passage.id for hit in found] == list(run[topic])[:5]
        assert [hit.score for hit in found] == pytest.approx(list(run[topic].values())[:5], abs=1e-5)


def test_a_folder_is_known_by_the_run_that_its_weights_made(
    sample: collections.Collection, sample_run: Done, student: str, cache: Path, tmp_path: Path
) -> None:
    """A copy of a student's folder, with the runs at hand and without."""
    found = checkpoints.find(student, tmp_path)
    shutil.copytree(found.folder, tmp_path / "copy")
    known = checkpoints.find(str(tmp_path / "copy"), sample_run.runs.parent)
    assert (known.lexicon, known.teacher) == (found.lexicon, found.teacher) and found.lexicon
    assert checkpoints.find(str(tmp_path / "copy"), tmp_path).lexicon is None
    with pytest.raises(InputError, match=r"lexicon\.tsv: no such file, and the student's topics are respelled by it"):
        Finder(sample, found._replace(lexicon=tmp_path / "lexicon.tsv"), Cache(cache), "cpu")


def test_what_is_read_otherwise_is_told(
    sample: collections.Collection, sample_run: Done, student: str, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic, text = next((topic, text) for topic, text in as_read(sample_run).items() if text != sample.topics[topic])
    assert main(search(cache, student, "--hits", "1", sample.topics[topic])) == 0
    assert f"\nread as: {text}\n\n1. " in capsys.readouterr().out


def test_matches_are_of_the_topic_and_the_passage(finder: Finder, sample: collections.Collection) -> None:
    answer = finder.find(sample.topics[TOPIC], 10)
    hit = next(hit for hit in answer.hits if "Kilimanjaro" in hit.passage.title)
    match = finder.match(answer.query, hit.passage)
    matched = {match.query.words[here].text: match.passage.words[there].text for here, there, _ in match.pairs}
    assert matched["Òkè"].lower() in ("mountain", "mount") and matched["Áfíríkà"] in ("Africa", "African")
    assert all(-1 <= cosine <= 1 for *_, cosine in match.pairs)
    assert set(match.marks) <= {(word.start, word.end) for word in match.passage.words} and list(match.marks) == sorted(match.marks)


def test_a_hit_shows_title_score_passage_and_marked_words(finder: Finder, sample: collections.Collection) -> None:
    answer = finder.find(sample.topics[TOPIC], 1)
    [hit] = answer.hits
    title, *lines = format_hit(hit, finder.match(answer.query, hit.passage)).splitlines()
    assert title == f"{hit.passage.title}  {hit.score:.3f}  [{hit.passage.id}]"
    body = " ".join(line.strip() for line in lines[:-1]).replace("*", "").strip("… ")
    assert body in " ".join(hit.passage.text.split())
    assert re.search(r"Áfíríkà → \*Africa[n]?\* 0\.\d\d", lines[-1])
    marked = set(re.findall(r"\*(\w+)\*", lines[-1]))
    in_text = set(re.findall(r"\*(\w+)\*", " ".join(lines[:-1])))
    assert in_text and in_text <= marked


def test_excerpt_is_the_stretch_with_the_most_weight() -> None:
    text = " ".join(f"word{number:03}" for number in range(200))
    first = text.index("word120")
    weights = {(0, 7): 0.5, (first, first + 7): 0.4, (first + 8, first + 15): 0.4}
    start, end = excerpt(text, 0, weights)
    assert start <= first and end >= first + 15 and end - start <= EXCERPT
    assert text[start - 1 : start] in ("", " ") and text[end : end + 1] in ("", " ")
    assert excerpt("short text", 6, {}) == (6, 10)
    assert excerpt("x" * 1000, 0, {}) == (0, EXCERPT)


def test_command_finds_and_encodes_nothing_twice(cache: Path, student: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted((cache / "faiss").iterdir())
    assert main(search(cache, student, "--hits", "2", "Òkè wo ló ga jù lọ ní Áfíríkà?")) == 0
    said = capsys.readouterr().out
    assert sorted((cache / "faiss").iterdir()) == before
    assert "dense index by the teacher       kept from before" in said
    assert "\n1. " in said and "\n2. " in said and "\n3. " not in said
    assert re.search(r"→ \*\w+\* 0\.\d\d", said)


def test_topics_can_be_piped_in(cache: Path, student: str) -> None:
    line = [sys.executable, "-m", "optical_repro.search", *search(cache, student, "--hits", "1")]
    done = subprocess.run(
        line, input="Òkè wo ló ga jù lọ ní Áfíríkà?\n\n?!\nTa ló ń ṣe òfin?\n", capture_output=True, text=True, check=True
    )
    assert done.stderr == "" and done.stdout.count("\n1. ") == 2
    assert 'no word in "?!"' in done.stdout


def test_what_is_piped_in_and_is_not_utf8_is_one_line(cache: Path, student: str) -> None:
    """By its bytes, whatever encoding the terminal has; the topics before it are answered."""
    line = [sys.executable, "-m", "optical_repro.search", *search(cache, student, "--hits", "1")]
    topics = "Ta ló ń ṣe òfin?\n".encode() + b"caf\xe9\n"
    done = subprocess.run(line, input=topics, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "latin-1:replace"}, check=False)
    assert (done.returncode, done.stdout.count(b"\n1. ")) == (2, 1)
    assert done.stderr == b"error: standard input:2: byte 0xe9 is not UTF-8; expected topics in UTF-8, one a line\n"


def test_questions_read_the_documents_no_more(
    sample: collections.Collection, student: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def counted() -> Iterator[Passage]:
        read.append(1)
        return sample.passages()

    finder = Finder(replace(sample, passages=counted), checkpoints.find(student, Path("runs")), Cache(cache), "cpu")
    finder.find("òfinn", 1)  # the first unknown word opens Lucene's index
    read.clear()
    for module, name in ((faiss, "read_index"), (bm25, "IndexedWords"), (spelling, "Speller"), (lexicon, "read_lexicon")):
        monkeypatch.setattr(module, name, None)  # nor the indexes and the lexicon
    answers = [finder.find(topic, 3) for topic in ("Ta ló ń ṣe òfinn?", "Ilé")]
    assert [len(answer.hits) for answer in answers] == [3, 3] and answers[0].query != answers[0].topic
    assert finder.match(answers[0].query, answers[0].hits[0].passage).pairs
    assert not read


UNKNOWN = "zzxxqq wwvvkk"


def test_a_topic_of_which_nothing_is_known_shows_nothing(
    finder: Finder, cache: Path, student: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {topic: finder.find(topic, 2).known for topic in (UNKNOWN, "zzxxqq òfin", "Kilimanjaro")}
    assert known == {UNKNOWN: False, "zzxxqq òfin": True, "Kilimanjaro": True}
    assert finder.find(UNKNOWN, 2).hits == []
    assert main(search(cache, student, "--hits", "1", UNKNOWN)) == 0
    said = capsys.readouterr().out
    assert "\nno word of it is known to the lexicon or the documents: nothing is shown\n" in said and "1. " not in said


def test_hits_no_better_than_those_of_meaningless_topics_are_marked(finder: Finder, sample: collections.Collection) -> None:
    """The reference is what meaningless topics score here, now; real topics do better, and meaningless ones of another draw do not."""
    best = {text: finder.find(text, 1).hits[0] for text in sample.topics.values()}
    others = [hits[0] for text in chance.meaningless(sample.topics.values(), seed=7, count=60) if (hits := finder.find(text, 1).hits)]
    assert all(hit.better_than_chance is (hit.score > finder.chance) for hit in (*best.values(), *others))
    share_of_real = sum(hit.better_than_chance for hit in best.values()) / len(best)
    share_of_others = sum(hit.better_than_chance for hit in others) / len(others)
    assert share_of_others < 0.15 and share_of_real > 0.3, (share_of_real, share_of_others)
    marked = next(hit for hit in others if not hit.better_than_chance)
    title = format_hit(marked, finder.match("ilé", marked.passage)).splitlines()[0]
    assert title.endswith("  (no better than chance)")


def test_meaningless_topics_have_the_letters_of_real_ones(sample: collections.Collection) -> None:
    texts = list(sample.topics.values())
    drawn = chance.meaningless(texts, count=50)
    assert drawn == chance.meaningless(reversed(texts), count=50) != chance.meaningless(texts, seed=2, count=50)
    spelt = {tuple(sorted(word)) for text in texts for word in normalize("NFD", text).split()}
    assert all(tuple(sorted(word)) in spelt for text in drawn for word in normalize("NFD", text).split())
    assert not set(drawn) & set(texts)
    long = [word for text in drawn for word in words(text) if len(word) > 6]
    real = {word for text in texts for word in words(text)}
    assert len(long) > 20 and sum(word in real for word in long) <= 1


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_one_object_a_line_for_each_topic(finder: Finder, cache: Path, student: str) -> None:
    line = [sys.executable, "-m", "optical_repro.search", *search(cache, student, "--hits", "2", "--json")]
    topics = ["Òkè wo ló ga jù lọ ní Áfíríkà?", "?!", UNKNOWN, "  Ta ló ń  ṣe òfinn? "]
    latin = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(line, input="\n".join(topics).encode(), capture_output=True, check=True, env=latin)
    answers = lines_of(done.stdout.decode())
    assert [answer["query"] for answer in answers] == [topic.strip() for topic in topics]
    assert [answer["known"] for answer in answers] == [True, False, False, True]
    assert [len(answer["hits"]) for answer in answers] == [2, 0, 0, 2]
    assert {answer["system"] for answer in answers} == {"optical-cs"}
    assert answers[0]["read_as"] == topics[0] and answers[3]["read_as"] == finder.read(topics[3]) != topics[3]
    found = finder.find(topics[0], 2).hits
    for hit, expected in zip(answers[0]["hits"], found, strict=True):
        assert hit["score"] == pytest.approx(expected.score, abs=1e-5)
        assert {**hit, "score": 0} == {
            "docid": expected.passage.id, "score": 0, "better_than_chance": expected.better_than_chance,
            "title": expected.passage.title, "text": expected.passage.text,
        }  # fmt: skip
    assert "kept from before" in done.stderr.decode()


def test_json_stays_json_whatever_is_asked(cache: Path, student: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = 'òfin \x85\x1b[31m \u2028 "quoted" \\'
    assert main(search(cache, student, "--hits", "1", "--json", asked)) == 0
    [answer] = lines_of(capsys.readouterr().out)
    assert answer["query"] == asked and len(answer["hits"]) == 1


def test_it_asks_on_a_terminal_until_an_empty_line(cache: Path, student: str) -> None:
    parent, child = open_terminal()
    line = [sys.executable, "-m", "optical_repro.search", *search(cache, student, "--hits", "1")]
    process = subprocess.Popen(line, stdin=child, stdout=child, stderr=child, env={**os.environ, "TERM": "xterm"})
    os.close(child)
    said = ""
    for answer in ("Òkè wo ló ga jù lọ ní Áfíríkà?\n", "\n"):
        said += read_terminal(parent, "topic (Yorùbá)> ")
        os.write(parent, answer.encode())
    said += read_terminal(parent)
    assert process.wait(timeout=60) == 0, said
    os.close(parent)
    assert "\033[1;33mAfrica" in said


def test_documents_in_the_language_are_read_by_the_student(small: Path, student: str, cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "yoruba-documents"
    shutil.copytree(small, folder)
    (folder / "collection.json").write_text('{"doc_lang": "yo"}')
    (folder / "topics.yo.test.en.tsv").unlink()
    yoruba = Finder(collections.load(str(folder), "yo"), checkpoints.find(student, Path("runs")), Cache(cache), "cpu")
    assert yoruba.topic_encoder is yoruba.passage_encoder


def test_a_hit_without_a_word_matches_none(small: Path, student: str, cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "with-an-empty-one"
    shutil.copytree(small, folder)
    with (folder / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "empty", "text": ""}\n')
    finder = Finder(collections.load(str(folder), "yo"), checkpoints.find(student, Path("runs")), Cache(cache), "cpu")
    answer = finder.find("Ta ló ń ṣe òfin?", 1000)
    [hit] = [hit for hit in answer.hits if hit.passage.id == "empty"]
    match = finder.match(answer.query, hit.passage)
    assert match.pairs == [] and match.marks == {} and format_hit(hit, match).startswith("empty  ")


def test_without_a_model_it_says_which_there_are(sample_run: Done, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "yo", "--runs-dir", str(sample_run.runs.parent), "x"]) == 2
    assert f"--model {sample_run.runs / 'optical-bt.manifest.json'} or " in capsys.readouterr().err


def test_a_student_that_is_gone_is_named_with_the_command_that_made_it(sample_run: Done, tmp_path: Path) -> None:
    manifest = tmp_path / "optical-cs.manifest.json"
    text = (sample_run.runs / manifest.name).read_text("utf-8")
    folder = checkpoints.find(str(sample_run.runs / manifest.name), tmp_path).folder
    manifest.write_text(text.replace(str(folder), str(tmp_path / "gone")), encoding="utf-8")
    with pytest.raises(InputError, match=r"gone; make it again: python -m optical_repro\.run --lang yo --regime cs,bt"):
        checkpoints.find(str(manifest), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--model", "nowhere", "x"], "nowhere: no such folder"),
        (["--hits", "0", "x"], "--hits 0"),
        (["--collection", "sampel", "x"], "did you mean sample"),
        (["--lang", "ha", "x"], "not in ha"),
        (["--lang", "sw", "x"], "the student was trained for Yorùbá; give --lang yo"),
        (["?!"], 'no word in the topic "?!"'),
        (["--serve", "0", "--json"], "--serve with --json: give one of them"),
        (["x", "--serve"], "--serve with a topic: give one of them"),
        (["--serve", "99999"], "--serve 99999: 127.0.0.1:99999 cannot be had"),
    ],
)
def test_bad_input_is_one_line(
    cache: Path, student: str, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(search(cache, student, *arguments)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and expected in said
