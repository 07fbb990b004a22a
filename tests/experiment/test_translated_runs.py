"""The run command with a translation model: topics, documents and training text, without a lexicon, and what is said of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from toy_translation import WORDS, english, sentences

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.regimes import main as show_regimes
from optical_repro.run import main
from optical_repro.training_text.pairs import TrainingPair

TOPICS = list(WORDS)[:6]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection: each topic a word of the toy language, each English passage about one word, and parallel text."""
    folder = tmp_path_factory.mktemp("collections") / "toy"
    folder.mkdir()
    passages = [{"id": f"{word}{number}", "title": english(word), "text": english(word)} for word in WORDS for number in range(3)]
    passages.append({"id": "stray", "title": "", "text": TOPICS[0]})  # so that BM25 finds something with a topic as it is
    (folder / "corpus.jsonl").write_text("".join(json.dumps(passage) + "\n" for passage in passages))
    (folder / "topics.yo.test.tsv").write_text("".join(f"{word}\t{word}\n" for word in TOPICS))
    (folder / "qrels.yo.test.txt").write_text("".join(f"{word} 0 {word}{number} 1\n" for word in TOPICS for number in range(3)))
    (folder / "bitext.tsv").write_text("".join(f"{text}\tsomething else\n" for text in sentences(300, seed=-3)))
    return folder


SYSTEMS = "bm25,bm25-qt,dense-zs,dense-qt,bm25-dt"


def arguments(toy: Path, place: Path, translator: Path | str, systems: str = SYSTEMS, *others: str) -> list[str]:
    where = ["--runs-dir", str(place / "runs"), "--qrels-dir", str(place / "qrels"), "--cache-dir", str(place / "cache")]
    return ["--lang", "yo", "--collection", str(toy), "--translator", str(translator), "--systems", systems, *where, *others]


@pytest.fixture(scope="module")
def place(toy: Path, converted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs with a model for CTranslate2 are."""
    place = tmp_path_factory.mktemp("place")
    assert main(arguments(toy, place, converted)) == 0
    return place


def test_topics_and_documents_are_translated_by_the_model(place: Path) -> None:
    means = {name: scores["map"] for name, scores in json.loads((place / "runs/toy.yo.test/report.json").read_text())["systems"].items()}
    assert means["bm25"] == 0
    assert means["bm25-qt"] == means["dense-qt"] == means["bm25-dt"] == 1
    assert means["dense-zs"] < 1


def test_no_lexicon_is_made(place: Path) -> None:
    assert not (place / "cache/lexicon").exists()
    assert (
        len(list((place / "cache/translation-memory").glob("*.yo-en.sqlite")))
        == len(list((place / "cache/translation-memory").glob("*.en-yo.sqlite")))
        == 1
    )


def test_manifests_tell_what_translated(place: Path, converted: Path) -> None:
    manifests = {system: json.loads((place / f"runs/toy.yo.test/{system}.manifest.json").read_text()) for system in SYSTEMS.split(",")}
    assert [len(manifests[system]["translation"]) for system in SYSTEMS.split(",")] == [0, 1, 0, 1, 1]
    [topics], [documents] = (manifests[system]["translation"] for system in ("dense-qt", "bm25-dt"))
    assert (topics["from"], topics["to"], topics["translator"]) == ("yo", "en", str(converted))
    assert (documents["from"], documents["to"], documents["identity"]) == ("en", "yo", topics["identity"])
    assert "ctranslate2" in manifests["dense-qt"]["versions"] and "ctranslate2" not in manifests["bm25"]["versions"]


def test_reports_tell_what_translated(place: Path, converted: Path) -> None:
    for form in ("md", "html"):
        text = (place / f"runs/toy.yo.test/report.{form}").read_text()
        assert f"Translated by {converted}: bm25-dt, bm25-qt, dense-qt." in text
    assert "Translated by" in (place / "runs/toy.yo.test/report.tex").read_text()


def test_again_it_gives_the_same_bytes_and_translates_nothing(
    toy: Path, place: Path, converted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {path: path.read_bytes() for path in (place / "runs").rglob("*.trec")}
    assert main(arguments(toy, place, converted)) == 0
    assert {path: path.read_bytes() for path in (place / "runs").rglob("*.trec")} == runs
    out = capsys.readouterr().out
    assert "topics translated" in out and set(re.findall(r"^  .{32} (.*)$", out.split("\n\n")[1], re.MULTILINE)) == {"kept from before"}


def test_another_translator_makes_its_own_translations(toy: Path, place: Path, m2m: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With transformers the same model gives the same runs, from translations and an index of its own."""
    before = {path.name: path.read_bytes() for path in (place / "runs").rglob("*.trec")}
    indexes = len(list((place / "cache/lucene").glob("[!.]*")))
    line = arguments(toy, place, m2m, "bm25-qt,bm25-dt")
    line[line.index("--runs-dir") + 1] = str(place / "others")
    assert main(line) == 0
    stages = dict(re.findall(r"^  (.{32}) (.*)$", capsys.readouterr().out, re.MULTILINE))
    made = {stage.strip() for stage, told in stages.items() if told != "kept from before"}
    assert made >= {"topics translated", "Lucene index of translations"} and "Lucene index" not in made
    assert len(list((place / "cache/lucene").glob("[!.]*"))) == indexes + 1
    for path in (place / "others").rglob("*.trec"):
        assert path.read_bytes() == before[path.name]


def test_a_pair_that_the_model_lacks_is_told_before_any_work(
    toy: Path, marian: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(toy, tmp_path, marian, "bm25,bm25-qt,bm25-dt")) == 2
    told = "translates from yo into en, and en into yo is needed; give another translator"
    assert capfd.readouterr().err == f"error: {marian}: {told}\n"
    assert not (tmp_path / "runs").exists()


def experiment(toy: Path, cache: Path, translator: Path | str) -> Experiment:
    settings = Settings(bitext=(toy / "bitext.tsv",), translator=str(translator), in_domain=0.0)
    return Experiment(collections.load(str(toy), "yo"), settings, Cache(cache))


def test_back_translation_uses_the_model_and_code_switching_the_lexicon(toy: Path, marian: Path, tmp_path: Path) -> None:
    by_model, by_word = experiment(toy, tmp_path, marian), experiment(toy, tmp_path, "lexical")
    pairs = by_model.training_pairs("bt")
    assert not (tmp_path / "lexicon").exists()
    assert pairs == [TrainingPair(pair.target, english(pair.target)) for pair in by_model.text.chosen_pairs]
    assert {pair.teacher for pair in by_word.training_pairs("bt")} != {pair.teacher for pair in pairs}
    assert by_model.training_pairs("cs") == by_word.training_pairs("cs")
    half = len(pairs) // 2
    assert by_model.training_pairs("cs+bt") == by_model.training_pairs("cs")[:half] + pairs[half:]


def test_a_student_is_trained_on_what_the_model_translated(toy: Path, converted: Path, tmp_path: Path) -> None:
    line = arguments(toy, tmp_path, converted, "optical-bt,optical-bt+bm25", "--steps", "2", "--bitext", str(toy / "bitext.tsv"))
    assert main([*line, "--regime", "bt", "--no-lexical-init", "--no-respelling", "--in-domain", "0"]) == 0
    manifest = json.loads((tmp_path / "runs/toy.yo.test/optical-bt.manifest.json").read_text())
    assert [(made["from"], made["to"]) for made in manifest["translation"]] == [("yo", "en")]
    assert manifest["training"]["regime"] == "bt"
    assert not (tmp_path / "cache/lexicon").exists()


def test_the_regimes_command_shows_the_models_translations(
    toy: Path, marian: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--lang", "yo", "--collection", str(toy), "--bitext", str(toy / "bitext.tsv"), "--cache-dir", str(tmp_path)]
    assert show_regimes([*line, "--regime", "bt", "--show", "1", "--translator", str(marian)]) == 0
    shown = capsys.readouterr().out.splitlines()
    [student], [teacher] = ([line.removeprefix(side) for line in shown if line.startswith(side)] for side in ("  student  ", "  teacher  "))
    assert teacher == english(student)


def test_a_translator_asks_for_no_words_of_the_language(toy: Path, m2m: Path, tmp_path: Path) -> None:
    """A language of which CLDR has no names: word by word there is nothing to translate with, and a model has it."""
    collection = collections.load(str(toy), "yo")
    unlisted = collection.__class__(**{**collection.__dict__, "lang": "ns"})
    systems = [parse("bm25-qt"), parse("bm25-dt")]
    with pytest.raises(InputError, match="nothing is known of the words of ns"):
        Experiment(unlisted, Settings(), Cache(tmp_path)).check(systems)
    Experiment(unlisted, Settings(translator=str(m2m)), Cache(tmp_path)).check(systems)


def test_peoples_translations_are_cut_to_the_lexicons_words(toy: Path, tmp_path: Path) -> None:
    """Of a topic half of whose words the lexicon has, the teacher reads the translations of that half, in their order."""
    collection = collections.load(str(toy), "yo")
    topic, text = next(iter(collection.topics.items()))
    known = text.split()[::2]
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("".join(f"{word}\tnowhere\t3\n{word}\t{english(word)}\t1\n" for word in known))
    translated = {topic: f"the {english(text)}?" for topic, text in collection.topics.items()}
    whole = collection.__class__(**{**collection.__dict__, "human_topics": translated})
    experiment = Experiment(whole, Settings(lexicon=(lexicon,), spelling=False), Cache(tmp_path / "cache"))
    read = experiment.queries("human-lexicon")[topic].split()
    assert read == ["the", *map(english, known), "?"]


def test_structured_queries_find_passages_by_any_translation_of_a_word(toy: Path, tmp_path: Path) -> None:
    """The lexicon's best translation is in no passage; the second is what the passages say."""
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("".join(f"{word}\tnowhere\t3\n{word}\t{english(word)}\t1\n" for word in WORDS))
    assert main(arguments(toy, tmp_path, "lexical", "bm25-qt,bm25-psq,bm25", "--lexicon", str(lexicon))) == 0
    report = json.loads((tmp_path / "runs/toy.yo.test/report.json").read_text())
    assert report["systems"]["bm25-qt"]["map"] == 0
    assert report["systems"]["bm25-psq"]["map"] == 1
    lines = (tmp_path / "runs/toy.yo.test/report.md").read_text().splitlines()
    assert any(line.startswith("| `bm25-psq` (baseline)") for line in lines)


def test_help_names_what_there_is() -> None:
    done = subprocess.run([sys.executable, "-m", "optical_repro.run", "--help"], capture_output=True, text=True, check=True)
    told = " ".join(done.stdout.split())
    assert "NLLB-200, M2M-100, MADLAD-400, opus-mt" in told and "CTranslate2" in told
