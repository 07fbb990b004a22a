"""Looking things up from the terminal: the same hits as the runs, from the same index, with the words that matched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import faiss
import pytest
from conftest import Done, open_terminal

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.trec import read_run
from optical_repro.collections.collection import Passage
from optical_repro.records import checkpoints
from optical_repro.search import EXCERPT, Finder, excerpt, format_hit, main

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
        found = finder.find(sample.topics[topic], 5)
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
    hit = next(hit for hit in finder.find(sample.topics[TOPIC], 10) if "Kilimanjaro" in hit.passage.title)
    matched = {hit.topic.words[here].text: hit.reading.words[there].text for here, there, _ in hit.matches}
    assert matched["Òkè"].lower() in ("mountain", "mount") and matched["Áfíríkà"] in ("Africa", "African")
    assert all(-1 <= cosine <= 1 for *_, cosine in hit.matches)


def test_a_hit_shows_title_score_passage_and_marked_words(finder: Finder, sample: collections.Collection) -> None:
    [hit] = finder.find(sample.topics[TOPIC], 1)
    title, *lines = format_hit(hit).splitlines()
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
    read.clear()
    monkeypatch.setattr(faiss, "read_index", None)  # nor the index
    assert len(finder.find("Ta ló ń ṣe òfin?", 3)) == len(finder.find("Ilé", 3)) == 3
    assert not read


def test_a_topic_of_which_nothing_is_known_is_told(finder: Finder, cache: Path, student: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        finder.knows_nothing_of("zzxxqq wwvvkk")
        and not finder.knows_nothing_of("zzxxqq òfin")
        and not finder.knows_nothing_of("Kilimanjaro")
    )
    assert main(search(cache, student, "--hits", "1", "zzxxqq wwvvkk")) == 0
    assert "\nno word of it is known to the lexicon or the documents: these hits mean little\n\n1. " in capsys.readouterr().out


def test_it_asks_on_a_terminal_until_an_empty_line(cache: Path, student: str) -> None:
    parent, child = open_terminal()
    line = [sys.executable, "-m", "optical_repro.search", *search(cache, student, "--hits", "1")]
    process = subprocess.Popen(line, stdin=child, stdout=child, stderr=child, env={**os.environ, "TERM": "xterm"})
    os.close(child)
    said = ""
    for answer in ("Òkè wo ló ga jù lọ ní Áfíríkà?\n", "\n"):
        asked = said.count("topic (Yoruba)> ")
        while said.count("topic (Yoruba)> ") == asked:
            said += os.read(parent, 4096).decode(errors="replace")
        os.write(parent, answer.encode())
    assert process.wait(timeout=60) == 0
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
    [hit] = [hit for hit in finder.find("Ta ló ń ṣe òfin?", 1000) if hit.passage.id == "empty"]
    assert hit.matches == [] and format_hit(hit).startswith("empty  ")


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
        (["--lang", "sw", "x"], "the student was trained for Yoruba; give --lang yo"),
        (["?!"], 'no word in the topic "?!"'),
    ],
)
def test_bad_input_is_one_line(
    cache: Path, student: str, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(search(cache, student, *arguments)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and expected in said
