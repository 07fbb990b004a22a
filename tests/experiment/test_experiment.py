"""The run command from end to end: what it writes, that it writes the same again, and after being killed."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Done
from test_evaluation import TREC_EVAL, by_trec_eval

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.base.system_names import split_name
from optical_repro.base.trec import read_qrels, read_run
from optical_repro.bitext.readers import Pair
from optical_repro.collections import Collection
from optical_repro.collections.folder import load as load_folder
from optical_repro.collections.topics import read_topics
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import choose, meaning, parse, parse_regimes
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.retrieval import dense
from optical_repro.run import main
from optical_repro.training_text.regimes import REGIMES

SYSTEMS = [
    "bm25",
    "bm25-qt",
    "dense-zs",
    "dense-qt",
    "dense-qt+bm25",
    "optical-cs",
    "optical-cs+bm25",
    "optical-bt",
    "optical-bt+bm25",
    "human",
]


def trec_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.trec")}


# The contract, on the sample


def test_every_file_of_the_contract_is_there_and_no_other(sample_run: Done) -> None:
    expected = {f"{system}.{kind}" for system in SYSTEMS for kind in ("trec", "manifest.json", "topics.tsv")}
    reports = {f"report.{form}" for form in ("json", "md", "tex", "html")}
    assert {path.name for path in sample_run.runs.iterdir()} == expected | reports | {"report.csv", "report.topics.csv"}
    assert [path.name for path in sample_run.qrels.parent.iterdir()] == [sample_run.qrels.name]


def test_the_terminal_shows_the_table_and_nothing_of_libraries(sample_run: Done) -> None:
    assert sample_run.error == ""
    lines = sample_run.out.splitlines()
    assert lines[0] == "sample.yo.test: 84 topics in Yorùbá, documents in English"
    header = next(number for number, line in enumerate(lines) if line.split()[:3] == ["MAP", "P@5", "P@10"])
    table = lines[header + 1 :]
    assert {line.split()[0] for line in table[: len(SYSTEMS)]} == set(SYSTEMS)
    assert "runs/sample.yo.test/report.html" in sample_run.out and "qrels/sample.yo.test.txt" in sample_run.out


@pytest.mark.parametrize("system", SYSTEMS)
def test_runs_are_trec_runs(sample_run: Done, system: str) -> None:
    sample = collections.load("sample", "yo")
    documents = {passage.id for passage in sample.passages()}
    rows = [line.split(" ") for line in (sample_run.runs / f"{system}.trec").read_text().splitlines()]
    assert {len(row) for row in rows} == {6}
    assert {row[5] for row in rows} == {system} and {row[1] for row in rows} == {"Q0"}
    hits: dict[str, list[tuple[str, int, float]]] = {}
    for topic, _, document, rank, score, _ in rows:
        hits.setdefault(topic, []).append((document, int(rank), float(score)))
    if not system.startswith("bm25"):  # those find only passages that share a word
        assert set(hits) == set(sample.topics)
        assert all({hit[0] for hit in found} == documents for found in hits.values())
    for found in hits.values():
        assert [rank for _, rank, _ in found] == list(range(1, len(found) + 1))
        assert {document for document, *_ in found} <= documents
        assert len({document for document, *_ in found}) == len(found) <= 1000
        assert all(np.float32(above) > np.float32(below) for (*_, above), (*_, below) in pairwise(found))


def test_qrels_are_the_collections(sample_run: Done) -> None:
    assert read_qrels(sample_run.qrels) == collections.load("sample", "yo").qrels


@pytest.mark.parametrize("system", SYSTEMS)
def test_manifests_tell_all_that_it_takes(sample_run: Done, system: str) -> None:
    manifest = json.loads((sample_run.runs / f"{system}.manifest.json").read_text())
    assert manifest["system"] == system
    assert manifest["run_sha256"] == sha256(sample_run.runs / f"{system}.trec")
    assert manifest["seed"] == 42
    given = manifest["arguments"]
    assert (given["lang"], given["regime"], given["steps"], given["collection"]) == ("yo", "cs,bt", 6, "sample")
    assert manifest["inputs"] and all(sha256(os.path.expanduser(path)) == digest for path, digest in manifest["inputs"].items())
    assert {"optical_repro", "python", "pyserini", "torch", "transformers", "ranx", "POT", "sil-thot"} <= manifest["versions"].keys()
    collection = manifest["collection"]
    assert (collection["name"], collection["lang"], collection["doc_lang"], collection["split"]) == ("sample.yo.test", "yo", "en", "test")
    assert len(collection["digest"]) == 64 and len(collection["topics"]) == 84
    assert manifest["seconds"] and all(time >= 0 for time in manifest["seconds"].values())
    training = manifest["training"]
    if not system.startswith("optical-"):
        assert training is None
        return
    assert training["regime"] == system.removesuffix("+bm25").removeprefix("optical-")
    assert training["recipe"]["steps"] == 6 and training["recipe"]["objective"] == "ot+pooled+scores"
    assert [entry["step"] for entry in training["log"]] == [1, 2, 3, 4, 5, 6]
    assert all(0 < entry["loss"] < 4 for entry in training["log"])
    assert training["measured_on"] == "64 sentence pairs that training does not read"
    measured = [entry["held_out"] for entry in training["log"] if "held_out" in entry]
    assert len(measured) > 1 and all(0 < loss < 4 for loss in measured)
    if training["regime"] == "cs":  # six steps on machine-translated English do not yet help with people's
        assert measured[0] > measured[-1]
    assert training["checkpoint_sha256"] == sha256(Path(training["checkpoint"]) / "model.safetensors")


def test_report_has_every_system_and_comparison(sample_run: Done) -> None:
    report = json.loads((sample_run.runs / "report.json").read_text())
    assert [report[key] for key in ("name", "lang", "doc_lang", "split", "topics")] == ["sample.yo.test", "yo", "en", "test", 84]
    assert set(report["systems"]) == set(SYSTEMS)
    assert len(report["comparisons"]) == len(TREC_EVAL) * len(SYSTEMS) * (len(SYSTEMS) - 1) // 2
    means = {system: values["map"] for system, values in report["systems"].items()}
    assert means["human"] > means["dense-qt"] > means["dense-zs"]
    assert means["optical-cs"] > 3 * means["dense-zs"]


@pytest.mark.parametrize("metric", TREC_EVAL)
def test_measures_are_trec_evals_on_the_samples_runs(sample_run: Done, metric: str) -> None:
    report = json.loads((sample_run.runs / "report.json").read_text())
    qrels = read_qrels(sample_run.qrels)
    for system in SYSTEMS:
        by_topic = by_trec_eval(TREC_EVAL[metric], qrels, read_run(sample_run.runs / f"{system}.trec"))
        assert report["systems"][system][metric] == pytest.approx(sum(by_topic.values()) / len(qrels), abs=1e-6)


def test_the_manifests_command_gives_the_same_bytes_from_the_cache(sample_run: Done, tmp_path: Path) -> None:
    manifest = json.loads((sample_run.runs / "optical-cs.manifest.json").read_text())
    python, *arguments = shlex.split(manifest["command"])
    assert python == "python"
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert trec_files(tmp_path / "runs/sample.yo.test") == trec_files(sample_run.runs)
    assert (tmp_path / "qrels/sample.yo.test.txt").read_bytes() == sample_run.qrels.read_bytes()
    assert (tmp_path / "runs/sample.yo.test/report.json").read_bytes() == (sample_run.runs / "report.json").read_bytes()
    stages = re.findall(r"^  .{32} (.*)$", done.stdout.split("\n\n")[1], re.MULTILINE)
    assert len(stages) > len(SYSTEMS) and set(stages) == {"kept from before"}


# Every kind of system, on a small part of it


EVERY = ["bm25", "bm25-qt", "bm25-dt", "bm25-psq", "dense-zs", "dense-qt", "dense-qt-maxsim", "human", "human-lexicon", "human+bm25"]
EVERY += [
    "dense-nbest",
    "dense-nbest-maxsim+bm25",
    "optical-cs",
    "optical-cs-maxsim",
    "optical-cs+bm25",
    "optical-cs-maxsim+bm25",
    "optical-cs+bt",
    "optical-none",
]


def arguments(small: Path, place: Path, cache: Path, *others: str, lang: str = "yo", systems: list[str] | None = None) -> list[str]:
    where = ["--runs-dir", str(place / "runs"), "--qrels-dir", str(place / "qrels"), "--cache-dir", str(cache)]
    what = ["--lang", lang, "--collection", str(small), "--bitext", str(small / "bitext.tsv"), "--steps", "4"]
    return [*what, *where, *(["--systems", ",".join(systems)] if systems else []), *others]


@pytest.fixture(scope="module")
def every(small: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of every kind of system."""
    place = tmp_path_factory.mktemp("every")
    assert main(arguments(small, place, cache, systems=EVERY)) == 0
    return place / "runs/small.yo.test"


def test_every_kind_of_system_has_its_run(every: Path) -> None:
    assert set(trec_files(every)) == {f"{system}.trec" for system in EVERY}
    assert len(set(trec_files(every).values())) == len(EVERY)


def test_dense_scores_are_cosines_of_student_and_teacher(every: Path, small: Path, teacher: Path) -> None:
    collection = load_folder(small, "yo")
    checkpoint = json.loads((every / "optical-cs.manifest.json").read_text())["training"]["checkpoint"]
    assert_cosines(every / "optical-cs", collection, TextEncoder(checkpoint), TextEncoder(teacher))
    assert_cosines(every / "dense-zs", collection, TextEncoder(teacher), TextEncoder(teacher))


def assert_cosines(system: Path, collection: Collection, topics: TextEncoder, documents: TextEncoder) -> None:
    passages = list(collection.passages())
    read = dict(line.split("\t") for line in system.with_name(f"{system.name}.topics.tsv").read_text().splitlines())
    expected = topics.encode([read[topic] for topic in collection.topics]) @ documents.encode([passage.contents for passage in passages]).T
    found = read_run(system.with_name(f"{system.name}.trec"))
    for topic, row in zip(collection.topics, expected, strict=True):
        assert [found[topic][passage.id] for passage in passages] == pytest.approx(row.tolist(), abs=1e-5)


def test_unknown_words_of_topics_are_respelled_for_those_who_know_words(every: Path, small: Path) -> None:
    read = {system: (every / f"{system}.topics.tsv").read_text() for system in ("bm25", "dense-zs", "optical-cs", "bm25-qt", "dense-qt")}
    assert read["bm25"] == read["dense-zs"] == (small / "topics.yo.test.tsv").read_text()
    assert read["optical-cs"] != read["bm25"] and read["bm25-qt"] == read["dense-qt"] != read["optical-cs"]
    assert [line.split("\t")[0] for line in read["optical-cs"].splitlines()] == [line.split("\t")[0] for line in read["bm25"].splitlines()]


def test_an_empty_cache_and_another_process_give_the_same_bytes(every: Path, small: Path, tmp_path: Path) -> None:
    systems = ["bm25", "bm25-qt", "bm25-dt", "dense-qt-maxsim", "optical-cs-maxsim+bm25", "optical-none"]
    line = [sys.executable, "-m", "optical_repro.run", *arguments(small, tmp_path, tmp_path / "cache", systems=systems)]
    subprocess.run(line, check=True, capture_output=True)
    made = trec_files(tmp_path / "runs/small.yo.test")
    assert made == {name: content for name, content in trec_files(every).items() if name in made}
    assert len(made) == len(systems)


def test_a_search_leaves_torchs_threads_alone(cache: Path, every: Path, teacher: Path) -> None:
    """FAISS sets the threads of both; with another number, what is trained after a search would differ from what is trained before."""
    [index] = [folder for folder in (cache / "faiss").glob("[!.]*") if (folder / "faiss/docid").read_text().count("\n") == 60]
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        dense.search(index / "faiss", teacher, {"1": "water"})
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)


def test_another_seed_gives_another_student(every: Path, small: Path, cache: Path, tmp_path: Path) -> None:
    assert main(arguments(small, tmp_path, cache, "--seed", "7", systems=["dense-zs", "optical-cs"])) == 0
    made = trec_files(tmp_path / "runs/small.yo.test")
    assert made["dense-zs.trec"] == trec_files(every)["dense-zs.trec"]
    assert made["optical-cs.trec"] != trec_files(every)["optical-cs.trec"]


def test_bm25s_parameters_reach_every_system_that_has_bm25_in_it(every: Path, small: Path, cache: Path, tmp_path: Path) -> None:
    lexical, others = ["bm25-qt", "bm25-psq", "bm25-dt", "optical-cs+bm25"], ["dense-qt", "optical-cs"]
    assert main(arguments(small, tmp_path, cache, "--bm25", "2.5", "0.9", systems=[*lexical, *others])) == 0
    made, before = trec_files(tmp_path / "runs/small.yo.test"), trec_files(every)
    assert all(made[f"{system}.trec"] != before[f"{system}.trec"] for system in lexical)
    assert all(made[f"{system}.trec"] == before[f"{system}.trec"] for system in others)


def test_code_switching_needs_no_parallel_text_where_there_is_a_lexicon(small: Path, lexicon: Lexicon, cache: Path, tmp_path: Path) -> None:
    lexicon.write(tmp_path / "lexicon.tsv")
    line = [
        "--lang",
        "yo",
        "--collection",
        str(small),
        "--lexicon",
        str(tmp_path / "lexicon.tsv"),
        "--steps",
        "4",
        "--cache-dir",
        str(cache),
    ]
    where = ["--runs-dir", str(tmp_path / "runs"), "--qrels-dir", str(tmp_path / "qrels"), "--systems", "dense-zs,optical-cs"]
    assert main(line + where) == 0
    report = json.loads((tmp_path / "runs/small.yo.test/report.json").read_text())
    assert report["systems"]["optical-cs"]["map"] > 2 * report["systems"]["dense-zs"]["map"]


def test_a_later_regime_joins_the_report(every: Path, small: Path, cache: Path, tmp_path: Path) -> None:
    shutil.copytree(every, tmp_path / "runs/small.yo.test")
    assert main(arguments(small, tmp_path, cache, "--regime", "bt", systems=["optical-bt"])) == 0
    report = json.loads((tmp_path / "runs/small.yo.test/report.json").read_text())
    assert set(report["systems"]) == {*EVERY, "optical-bt"}
    pairs = {(made["a"], made["b"]) for made in report["comparisons"]} | {(made["b"], made["a"]) for made in report["comparisons"]}
    assert ("optical-bt", "optical-cs") in pairs


def test_the_regime_none_trains_nothing(small: Path, tmp_path: Path) -> None:
    assert main(arguments(small, tmp_path, tmp_path / "cache", "--regime", "none", systems=["optical-none"])) == 0
    assert not (tmp_path / "cache/student").exists() and not (tmp_path / "cache/teacher").exists()
    training = json.loads((tmp_path / "runs/small.yo.test/optical-none.manifest.json").read_text())["training"]
    assert (training["regime"], training["recipe"], training["log"]) == ("none", None, [])
    assert Path(training["checkpoint"]).is_relative_to(tmp_path / "cache/untrained")


def test_without_lexical_init_the_student_has_the_teachers_vocabulary(
    every: Path, small: Path, cache: Path, tmp_path: Path, teacher: Path
) -> None:
    systems = ["dense-zs", "optical-none", "optical-cs"]
    assert main(arguments(small, tmp_path, cache, "--no-lexical-init", systems=systems)) == 0
    made = trec_files(tmp_path / "runs/small.yo.test")
    untrained, trained = (
        json.loads((tmp_path / f"runs/small.yo.test/{name}.manifest.json").read_text())["training"]["checkpoint"] for name in systems[1:]
    )
    assert made["optical-none.trec"].replace(b"optical-none", b"dense-zs") == made["dense-zs.trec"]
    assert made["optical-cs.trec"] != trec_files(every)["optical-cs.trec"]
    for folder in (untrained, trained):
        vocabulary = json.loads((Path(folder) / "tokenizer.json").read_text())["model"]["vocab"]
        assert vocabulary == json.loads((teacher / "tokenizer.json").read_text())["model"]["vocab"]


def test_a_student_without_lexical_init_or_switched_passages_never_reads_the_lexicon(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting of the OPTICAL paper: bitext alone."""
    from optical_repro.distill.recipe import Recipe
    from optical_repro.experiment.words import Words

    def refuse(_: Words) -> None:
        raise AssertionError("the lexicon is read")

    def student(**values: object) -> Path:
        settings = Settings(bitext=(small / "bitext.tsv",), recipe=Recipe("ot", steps=2), device="cpu", **values)  # type: ignore[arg-type]
        return Experiment(collections.load(str(small), "yo"), settings, Cache(tmp_path / "cache")).student("bitext")

    monkeypatch.setattr(Words, "stage", property(refuse))
    assert (student(lexical_init=False, in_domain=0) / "model.safetensors").exists()
    for values in ({"lexical_init": True, "in_domain": 0}, {"lexical_init": False, "in_domain": 0.5}):
        with pytest.raises(AssertionError, match="the lexicon is read"):
            student(**values)


def test_students_with_other_plans_are_kept_apart(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from optical_repro.distill.recipe import Recipe

    def student(*transport: str) -> Path:
        recipe = Recipe("ot", steps=2, transport=transport)
        settings = Settings(bitext=(small / "bitext.tsv",), recipe=recipe, lexical_init=False, in_domain=0, device="cpu")
        return Experiment(collections.load(str(small), "yo"), settings, Cache(tmp_path / "cache")).student("bitext")

    folders = [student(), student("content"), student("centred", "ordered", "one-sided", "sharp")]
    assert len({sha256(folder / "model.safetensors") for folder in folders}) == 3
    inputs = [json.loads((folder / "stage.json").read_text())["inputs"] for folder in folders]
    assert [inputs[0].get(name) for name in ("plans",)] == [None] and "transport" not in inputs[0]["recipe"]
    assert inputs[1]["recipe"]["transport"] == ["content"] and inputs[1]["plans"]["modules"]["distill.plans"]


def test_moses_pairs_give_the_runs_of_the_same_pairs_in_tsv(every: Path, small: Path, cache: Path, tmp_path: Path) -> None:
    sides = zip(*(line.split("\t") for line in (small / "bitext.tsv").read_text(encoding="utf-8").splitlines()), strict=True)
    for lang, side in zip(("yo", "en"), sides, strict=True):
        (tmp_path / f"x.yo-en.{lang}").write_text("\n".join(side) + "\n", encoding="utf-8")
    line = arguments(small, tmp_path, cache, systems=["bm25-qt", "dense-qt"])
    line[line.index("--bitext") + 1] = str(tmp_path / "x.yo-en")
    assert main(line) == 0
    made = trec_files(tmp_path / "runs/small.yo.test")
    assert made == {name: trec_files(every)[name] for name in made}
    manifest = json.loads((tmp_path / "runs/small.yo.test/bm25-qt.manifest.json").read_text())
    assert {Path(path).name for path in manifest["inputs"]} == {"x.yo-en.yo", "x.yo-en.en"}


# Killed, and run again


def appears(pattern: str) -> Callable[[Path], bool]:
    return lambda place: any(place.glob(pattern))


STAGES = {
    "while Lucene indexes": appears("cache/lucene/.*.part"),
    "after the first run": appears("runs/small.yo.test/bm25.trec"),
    "while words are aligned": appears("cache/lexicon/.*.part"),
    "while passages are encoded": appears("cache/faiss/.*.part/faiss"),
    "while the teacher reads": appears("cache/teacher/.*.part/states.f16"),
    "while training": appears("cache/student/.*.part/checkpoints"),
    "while late interaction encodes": appears("cache/tokens/*"),
    "before the report": appears("qrels/small.yo.test.txt"),
}


def test_killed_at_any_stage_the_same_command_finishes_with_the_same_bytes(every: Path, small: Path, tmp_path: Path) -> None:
    systems = ["bm25", "bm25-qt", "dense-zs", "optical-cs", "optical-cs-maxsim"]
    expected = {name: content for name, content in trec_files(every).items() if name.removesuffix(".trec") in systems}
    line = [sys.executable, "-m", "optical_repro.run", *arguments(small, tmp_path, tmp_path / "cache", systems=systems)]
    for stage, reached in STAGES.items():
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 600
        while not reached(tmp_path):
            assert process.poll() is None and time.monotonic() < limit, f"never there: {stage}"
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, stage
        there = trec_files(tmp_path / "runs/small.yo.test")
        assert there == {name: expected[name] for name in there}, stage
    assert main(line[3:]) == 0
    assert trec_files(tmp_path / "runs/small.yo.test") == expected
    assert not [path for path in (tmp_path / "cache").glob("*/.*.part") if path.is_dir()]
    assert json.loads((tmp_path / "runs/small.yo.test/report.json").read_text())["topics"] == 16


# Documents in the low-resource language


@pytest.fixture(scope="module")
def yoruba(pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Yorùbá passages, each of three sentences; topics in Yorùbá (words of a sentence) and English (its translation)."""
    folder = tmp_path_factory.mktemp("collections") / "oke"
    folder.mkdir()
    groups = [pairs[start : start + 3] for start in range(0, 120, 3)]
    passages = [{"id": f"d{number}", "title": "", "text": " ".join(pair.target for pair in group)} for number, group in enumerate(groups)]
    chance = random.Random(1)
    topics = {"yo": [], "en": []}
    for number, group in enumerate(groups[:12]):
        words = group[1].target.rstrip(".?!").split()
        topics["yo"].append(f"q{number}\t{' '.join(chance.sample(words, min(4, len(words))))}\n")
        topics["en"].append(f"q{number}\t{group[1].english}\n")
    for lang, lines in topics.items():
        (folder / f"topics.{lang}.dev.tsv").write_text("".join(lines), encoding="utf-8")
        (folder / f"qrels.{lang}.dev.txt").write_text("".join(f"q{number} 0 d{number} 1\n" for number in range(12)))
    (folder / "corpus.jsonl").write_text("".join(json.dumps(passage) + "\n" for passage in passages))
    (folder / "collection.json").write_text('{"name": "oke", "doc_lang": "yo"}')
    (folder / "bitext.tsv").write_text("".join(f"{pair.target}\t{pair.english}\n" for pair in pairs[120:400]), encoding="utf-8")
    return folder


def test_yoruba_topics_and_passages_are_both_read_by_the_student(yoruba: Path, cache: Path, tmp_path: Path) -> None:
    assert main(arguments(yoruba, tmp_path, cache)) == 0
    folder = tmp_path / "runs/oke.yo.dev"
    assert set(trec_files(folder)) == {"bm25.trec", "dense-zs.trec", "optical-cs.trec", "optical-cs+bm25.trec"}
    student = TextEncoder(json.loads((folder / "optical-cs.manifest.json").read_text())["training"]["checkpoint"])
    assert_cosines(folder / "optical-cs", load_folder(yoruba, "yo"), student, student)
    report = json.loads((folder / "report.json").read_text())
    assert (report["lang"], report["doc_lang"]) == ("yo", "yo")
    assert report["systems"]["optical-cs"]["map"] > 0.5


def test_english_topics_are_read_by_the_teacher_and_yoruba_passages_by_the_student(
    yoruba: Path, cache: Path, tmp_path: Path, teacher: Path
) -> None:
    systems = ["bm25-qt", "bm25-dt", "dense-zs", "optical-cs", "optical-cs-maxsim", "optical-cs+bm25"]
    assert main(arguments(yoruba, tmp_path, cache, lang="en", systems=systems)) == 0
    folder = tmp_path / "runs/oke.en-yo.dev"  # The folder has topics in Yorùbá too.
    assert set(trec_files(folder)) == {f"{system}.trec" for system in systems}
    student = TextEncoder(json.loads((folder / "optical-cs.manifest.json").read_text())["training"]["checkpoint"])
    collection = load_folder(yoruba, "en")
    assert_cosines(folder / "optical-cs", collection, TextEncoder(teacher), student)
    assert_cosines(folder / "dense-zs", collection, TextEncoder(teacher), TextEncoder(teacher))
    report = json.loads((folder / "report.json").read_text())
    assert (report["doc_lang"], report["topics"]) == ("yo", 12)
    means = {system: values["map"] for system, values in report["systems"].items()}
    assert means["optical-cs"] > means["dense-zs"]
    assert means["bm25-qt"] > 0.3 and means["bm25-dt"] > 0.3


# Names of systems and regimes


def test_regimes_by_name() -> None:
    assert parse_regimes("all") == [name for name, regime in REGIMES.items() if regime.in_all] == ["bitext", "cs", "bt", "cs+bt", "none"]
    assert parse_regimes("bt,cs,bt") == ["bt", "cs"]


@pytest.mark.parametrize(
    ("name", "retriever", "maxsim", "fused"),
    [
        ("bm25-dt", "bm25-dt", False, False),
        ("optical-cs+bt", "optical-cs+bt", False, False),
        ("optical-cs+bt+bm25", "optical-cs+bt", False, True),
        ("optical-cs-maxsim+bm25", "optical-cs", True, True),
        ("human-maxsim", "human", True, False),
        ("human-lexicon-maxsim", "human-lexicon", True, False),
    ],
)
def test_systems_by_name(name: str, retriever: str, maxsim: bool, fused: bool) -> None:
    system = parse(name)
    assert (system.name, system.retriever, system.maxsim, system.fused) == (name, retriever, maxsim, fused)
    assert system.regime == (retriever.removeprefix("optical-") if retriever.startswith("optical-") else None)


@pytest.mark.parametrize("name", ["optical-cs-plaid", "optical-cs-after-mlm-plaid+bm25", "human-plaid"])
def test_late_interaction_over_everything_by_name(name: str) -> None:
    system = parse(name)
    assert system.plaid and not system.maxsim and system.fused == name.endswith("+bm25") and not system.bare
    assert system.dense.name == system.retriever == name.partition("-plaid")[0] and system.dense.bare
    assert system.unfused == parse(name.removesuffix("+bm25")) and str(split_name(name)) == name
    assert meaning(name).startswith(f"{system.kind.meaning}; MaxSim over tokens, with the single vectors, of all documents")


NO_SYSTEMS = ["bm25+bm25", "bm25-qt-maxsim", "optical", "optical-", "optical-cs+bm25-maxsim", "human-qt", ""]
NO_SYSTEMS += ["bm25-qt-plaid", "dense-qt-maxsim-plaid", "dense-qt-plaid-maxsim", "optical-cs+bm25-plaid"]


@pytest.mark.parametrize("name", NO_SYSTEMS)
def test_names_of_no_system(name: str) -> None:
    with pytest.raises(InputError, match="unknown system"):
        parse(name)


def test_systems_that_fit_a_collection_are_chosen(small: Path, yoruba: Path) -> None:
    def chosen(folder: Path, lang: str) -> list[str]:
        return [system.name for system in choose(None, ["cs", "none"], load_folder(folder, lang))]

    optical = ["optical-cs", "optical-cs+bm25", "optical-none", "optical-none+bm25"]
    assert chosen(small, "yo") == ["bm25", "bm25-qt", "dense-zs", "dense-qt", "dense-qt+bm25", *optical, "human"]
    assert chosen(yoruba, "yo") == ["bm25", "dense-zs", *optical]
    assert chosen(yoruba, "en") == ["bm25", "bm25-qt", "dense-zs", *optical]
    for name in ("bm25-qt", "dense-qt", "human"):
        with pytest.raises(InputError, match=f"system {name} cannot be used on oke.yo.dev: "):
            choose([name], [], load_folder(yoruba, "yo"))


def test_the_teacher_reads_translated_documents(yoruba: Path, cache: Path, tmp_path: Path, teacher: Path) -> None:
    systems = ["dense-dt", "dense-dt-maxsim", "dense-dt+bm25"]
    for lang, name in (("yo", "oke.yo.dev"), ("en", "oke.en-yo.dev")):
        assert main(arguments(yoruba, tmp_path, cache, lang=lang, systems=systems)) == 0
        folder = tmp_path / "runs" / name
        collection, encoder = load_folder(yoruba, lang), TextEncoder(teacher)
        translator = Experiment(collection, Settings(bitext=(yoruba / "bitext.tsv",)), Cache(cache)).translation.between("yo", "en")
        topics = read_topics(folder / "dense-dt.topics.tsv")
        assert topics == (
            {topic: translator.translate([text])[0] for topic, text in collection.topics.items()} if lang == "yo" else collection.topics
        )
        documents = {
            passage.id: " ".join(filter(None, translator.translate([passage.title, passage.text]))) for passage in collection.passages()
        }
        run = read_run(folder / "dense-dt.trec")
        for topic, hits in list(run.items())[:5]:
            [query] = encoder.encode([topics[topic]])
            for document, score in list(hits.items())[:5]:
                [vector] = encoder.encode([documents[document]])
                assert score == pytest.approx(float(query @ vector), abs=1e-4)
        assert read_run(folder / "dense-dt-maxsim.trec").keys() == run.keys()
    with pytest.raises(InputError, match="its documents are in English: there is nothing to translate"):
        choose(["dense-dt"], [], collections.load("sample", "yo"))
