"""One report, one experiment: what may not stand in one table is refused, and what a reader must know of a table is told in it."""

from __future__ import annotations

import gzip
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from conftest import Done
from test_compare import STRENGTHS, make

from optical_repro import collections, compare
from optical_repro.base.cache import Cache
from optical_repro.base.files import digest, sha256
from optical_repro.base.trec import read_qrels, write_qrels
from optical_repro.collections import load
from optical_repro.collections.collection import Passage
from optical_repro.compare import main
from optical_repro.evaluation.exports import json_text
from optical_repro.evaluation.provenance import differences
from optical_repro.evaluation.report import write_report
from optical_repro.experiment import stages
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.run import main as run

NAME = "tiny.yo.test"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs whose manifests tell all that manifests tell."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, NAME, seed=1)
    runs = Path("runs", NAME)
    for system in STRENGTHS:
        manifest(runs, system)
    return runs


def manifest(runs: Path, system: str, collection: dict[str, Any] | None = None, **changes: Any) -> None:
    """Writes a system's manifest."""
    qrels = read_qrels(Path("qrels", f"{runs.name}.txt"))
    topics = dict.fromkeys(qrels, "ìbéèrè")
    told = {"lang": "yo", "doc_lang": "en", "digest": "d" * 64, "qrels_digest": digest(qrels), "topics": topics}
    made = {
        "system": system,
        "seed": 42,
        "run_sha256": sha256(runs / f"{system}.trec"),
        "collection": told | (collection or {}),
        "settings": {"seed": 42, "bm25": [0.9, 0.4], "optical_repro": "0.3.0"},
    }
    (runs / f"{system}.manifest.json").write_text(json.dumps(made | changes), encoding="utf-8")


def report(runs: Path) -> dict[str, Any]:
    return dict(json.loads((runs / "report.json").read_text(encoding="utf-8")))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a comparison says that is refused; it wrote nothing."""
    before = sorted(Path().rglob("*"))
    assert main(list(arguments) or [f"runs/{NAME}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
    return error


# Other collections


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("digest", "e" * 64, "documents"),
        ("topics", {"q1": "ìbéèrè mìíràn"}, "topics"),
        ("human_topics", {"q1": "another question"}, "people's translations"),
    ],
)
def test_runs_of_another_collection_are_refused(folder: Path, capsys: pytest.CaptureFixture[str], part: str, value: Any, told: str) -> None:
    manifest(folder, "human", {"human_topics": {"q1": "a question"}})
    manifest(folder, "dense-zs", {part: value})
    error = refused(capsys)
    assert "dense-zs" in error and f"other {told}" in error and '"name"' in error


def test_runs_that_were_made_for_other_judgements_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qrels = Path("qrels", f"{NAME}.txt")
    grades = read_qrels(qrels)
    grades["q1"] = {document: 1 - min(grade, 1) for document, grade in grades["q1"].items()}
    write_qrels(qrels, grades)
    assert f"{qrels}: not the judgements" in refused(capsys)


def test_a_manifest_without_a_run_speaks_for_nothing(folder: Path) -> None:
    manifest(folder, "dense-zs", {"digest": "e" * 64})
    (folder / "dense-zs.trec").unlink()
    assert main([str(folder)]) == 0
    assert report(folder)["notes"] == []


def test_a_question_whose_two_systems_have_other_settings_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    assert "their settings differ" not in capsys.readouterr().out
    path = folder / "optical-bt.manifest.json"
    content = json.loads(path.read_text())
    content["settings"]["seed"] = 7
    path.write_text(json.dumps(content))
    assert main([str(folder)]) == 0
    assert "(but their settings differ: optical-cs: seed 42; optical-bt: seed 7)" in capsys.readouterr().out


def test_a_run_that_replaces_one_of_other_settings_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [
        "--lang",
        "yo",
        "--systems",
        "bm25",
        "--cache-dir",
        "cache",
        "--collection",
        str(written(tmp_path / "same", ["ilé ńlá", "ọjà"])),
    ]
    for more, told in (
        ([], False),
        ([], False),
        (["--bm25", "1.2", "0.9"], True),
    ):
        assert run([*words, *more]) == 0
        line = "bm25: replaces a run of other settings here (before: bm25 0.9 0.4; now: bm25 1.2 0.9)"
        assert (line in capsys.readouterr().out) is told


def written(folder: Path, documents: list[str], name: str = "same", **files: str) -> Path:
    """A collection of Yorùbá topics and passages."""
    folder.mkdir(parents=True)
    lines = [json.dumps({"id": f"d{number}", "text": text}) for number, text in enumerate(documents)]
    texts = {"corpus.jsonl": "\n".join(lines), "topics.yo.test.tsv": "q1\tilé\n", "qrels.yo.test.txt": "q1 0 d0 1\n"}
    texts["collection.json"] = json.dumps({"name": name, "doc_lang": "yo"})
    for path, text in (texts | files).items():
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def published() -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in ("runs", "qrels") for path in Path(folder).rglob("*.*") if path.is_file()}


def test_a_run_does_not_join_those_of_another_collection_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--lang", "yo", "--systems", "bm25", "--cache-dir", "cache", "--collection"]
    assert run([*words, str(written(tmp_path / "a/same", ["ilé ńlá", "ọjà"]))]) == 0
    made = published()
    assert Path("runs/same.yo.test/bm25.trec") in made
    others = {
        "documents": written(tmp_path / "b/same", ["ilé ńlá", "oko"]),
        "topics": written(tmp_path / "c/same", ["ilé ńlá", "ọjà"], **{"topics.yo.test.tsv": "q1\toko\n"}),
        "judgements": written(tmp_path / "d/same", ["ilé ńlá", "ọjà"], **{"qrels.yo.test.txt": "q1 0 d1 1\n"}),
    }
    capsys.readouterr()
    for what, other in others.items():
        assert run([*words, str(other)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and f"(bm25: other {what})" in error and "--runs-dir" in error
        assert published() == made
    (tmp_path / "runs/same.yo.test/bm25.manifest.json").unlink()
    assert run([*words, str(others["judgements"])]) == 2
    assert "qrels/same.yo.test.txt: holds other judgements" in capsys.readouterr().err


# Other bytes


def test_a_run_that_is_not_the_one_that_its_manifest_tells_of_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "optical-cs.trec"
    whole = path.read_bytes()
    for other in (whole[: len(whole) // 2], whole + b"q1 Q0 dx 999 -9 x\n", (folder / "dense-zs.trec").read_bytes(), b""):
        path.write_bytes(other)
        assert f"{path}: not the run that optical-cs.manifest.json tells of" in refused(capsys)
    path.unlink()
    path.with_name("optical-cs.trec.gz").write_bytes(gzip.compress(whole))
    assert main([str(folder)]) == 0
    path.with_name("optical-cs.trec.gz").write_bytes(gzip.compress(whole)[:-200])
    capsys.readouterr()
    assert main([str(folder)]) == 2
    assert "not the run that" in capsys.readouterr().err


# Other settings


def test_settings_that_differ_are_told_in_every_form_and_what_is_shared_stands_in_the_report(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest(folder, "optical-bt", settings={"seed": 7, "bm25": [0.9, 0.4], "optical_repro": "0.3.0"}, seed=7)
    assert main([str(folder)]) == 0
    note = "optical-bt: seed 7, the others 42"
    assert f"\n  {note}\n" in capsys.readouterr().out
    made = report(folder)
    assert made["notes"] == [note]
    assert made["settings"] == {"bm25": [0.9, 0.4], "optical_repro": "0.3.0"}
    for form in ("md", "tex", "html"):
        assert note in (folder / f"report.{form}").read_text(encoding="utf-8"), form


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({"a": {"seed": 1}, "b": {"seed": 1}}, []),
        ({"a": {"seed": 1}, "b": {"teacher": "x"}}, []),  # what does not bear on a system is no difference
        ({"a": {"seed": 1}, "b": {"seed": 2}}, ["a: seed 1; b: seed 2"]),
        ({"a": {"k": [2.0, 0.9]}, "b": {"k": [0.9, 0.4]}, "c": {"k": [0.9, 0.4]}}, ["a: k 2 0.9, the others 0.9 0.4"]),
        ({"a": {"k": 1}, "b": {"k": 2}, "c": {"k": 3}, "d": {"k": 3}}, ["a: k 1; b: k 2, the others 3"]),
        ({"a": {"k": []}, "b": {"k": ["x", "y"]}}, ["a: k none; b: k x y"]),
        ({"a": {"k": True}, "b": {"k": False}, "c": {"k": True}}, ["b: k no, the others yes"]),
    ],
)
def test_differences_in_words(told: dict[str, dict[str, Any]], lines: list[str]) -> None:
    assert differences(told) == lines


def test_manifests_of_older_versions_tell_their_settings_by_their_arguments(folder: Path) -> None:
    for system, k1 in (("bm25-qt", 2.0), ("dense-qt", 0.9)):
        manifest(folder, system, arguments={"bm25": [k1, 0.4]}, seed=42)
        told = json.loads((folder / f"{system}.manifest.json").read_text())
        del told["settings"]
        (folder / f"{system}.manifest.json").write_text(json.dumps(told))
    assert main([str(folder)]) == 0
    assert report(folder)["notes"] == ["bm25-qt: bm25 2 0.4, the others 0.9 0.4"]


def test_folders_with_other_settings_are_told_side_by_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(Path(), "tiny.ha.test", seed=2)
    other = Path("runs/tiny.ha.test")
    for system in STRENGTHS:
        manifest(other, system, {"lang": "ha"}, settings={"seed": 7, "bitext": ["ha-en.tsv (11111111)"]}, seed=7)
    assert main([str(folder), str(other)]) == 0
    together = json.loads(Path("runs/across.json").read_text())["together"]
    assert together["notes"] == ["tiny.yo.test: seed 42; tiny.ha.test: seed 7"]
    assert "tiny.yo.test: seed 42; tiny.ha.test: seed 7" in capsys.readouterr().out
    assert "tiny.yo.test: seed 42" in Path("runs/across.html").read_text()


def test_systems_of_one_command_differ_in_no_setting_and_the_manifest_tells_what_bears_on_each(sample_run: Done) -> None:
    made = report(sample_run.runs)
    assert made["notes"] == ["without hits, which score 0: bm25: 54 of 84 topics"]
    assert made["settings"]["bm25"] == [0.9, 0.4] and made["settings"]["seed"] == 42 and made["settings"]["steps"] == 6
    assert [name.partition(" ")[0] for name in made["settings"]["bitext"]] == ["bitext.yo-en.tsv"]
    told = {system: json.loads((sample_run.runs / f"{system}.manifest.json").read_text())["settings"] for system in made["systems"]}
    assert not {"seed", "bitext", "teacher"} & told["bm25"].keys()
    assert "seed" in told["dense-qt"] and "steps" not in told["dense-qt"] and "bm25" not in told["dense-qt"]
    assert "seed" not in told["human"] and "teacher" in told["human"]
    assert "code of student" in told["optical-cs"] and "code of student" not in told["dense-qt"]
    assert {"seed", "bitext", "switch", "in-domain", "steps", "teacher", "bm25", "torch"} <= told["optical-bt+bm25"].keys()


# Runs of others


def test_what_nobody_knows_in_somebody_elses_run_is_told(folder: Path) -> None:
    text = (folder / "dense-zs.trec").read_text() + "z1 Q0 d1 1 2 x\nz2 Q0 d1 1 2 x\n"
    (folder / "theirs.txt").write_text(text.replace(" d7 ", " dokita-7 "))
    write_report(folder, Path("qrels", f"{NAME}.txt"), passages=lambda: (Passage(f"d{number}", "", "text") for number in range(200)))
    made = report(folder)
    assert "theirs" in made["systems"]
    assert made["notes"] == [
        "theirs: no manifest tells how it was made",
        "theirs: 2 topics (z1, ...) are not in qrels/tiny.yo.test.txt and count for nothing",
        "theirs: 1 document (dokita-7) is not in the collection",
    ]


def test_topics_that_a_run_lacks_are_noted(folder: Path) -> None:
    lines = (folder / "dense-zs.trec").read_text().splitlines(keepends=True)
    (folder / "theirs.run").write_text("".join(line for line in lines if not line.startswith("q1 ")))
    assert main([str(folder)]) == 0
    assert "without hits, which score 0: theirs: 1 of 50 topics" in report(folder)["notes"]


def test_ids_in_another_normalisation_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    word = unicodedata.normalize("NFC", "ọjà")
    other = unicodedata.normalize("NFD", word)
    write_qrels(Path("qrels/tiny.yo.test.txt"), {word: {word: 1}, "q2": {"d2": 1}})
    runs = Path("runs/tiny.yo.test")
    runs.mkdir(parents=True)
    (runs / "theirs.trec").write_text(f"q2 Q0 {other} 1 2 x\nq2 Q0 d2 2 1 x\n{other} Q0 d2 1 2 x\n", encoding="utf-8")
    assert main([str(runs)]) == 0
    told = [note for note in report(runs)["notes"] if "1 would be in another Unicode normalisation (NFC)" in note]
    assert [note.split()[2] for note in told] == ["topic", "document"]


@pytest.mark.parametrize("name", ["theirs.txt", "theirs.TREC", "theirs.res.gz", "theirs.results", "theirs"])
def test_a_run_of_any_name_is_read(folder: Path, name: str) -> None:
    data = (folder / "bm25-qt.trec").read_bytes()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert main([str(folder)]) == 0
    made = report(folder)["systems"]
    assert made["theirs"] == made["bm25-qt"]


def test_what_is_no_run_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "notes.txt").write_text("These runs were made\non Monday\n")
    (folder / "scores.csv").write_bytes(b"\x00\xff,1\n")
    assert main([str(folder)]) == 0
    assert "not read: notes.txt, scores.csv (not a run" in capsys.readouterr().out


# Directions


def both_directions(place: Path) -> Path:
    """Yorùbá documents with topics in Yorùbá and in English, judged differently."""
    english = {"topics.en.test.tsv": "q1\tilé\nq2\tọjà\n", "qrels.en.test.txt": "q1 0 d0 1\nq2 0 d1 1\n"}
    return written(place / "both", ["ilé ńlá", "ọjà"], name="both", **english)


def test_a_name_tells_the_direction_where_english_topics_stand_beside_those_of_the_language(tmp_path: Path) -> None:
    folder = both_directions(tmp_path)
    assert [load(str(folder), lang).name for lang in ("yo", "en")] == ["both.yo.test", "both.en-yo.test"]
    (folder / "topics.yo.test.tsv").rename(folder / "topics.yor.test.tsv")
    assert load(str(folder), "en").name == "both.en-yo.test"
    (folder / "topics.yor.test.tsv").rename(folder / "topics.yo.dev.tsv")
    assert load(str(folder), "en").name == "both.yo.test"  # another split is another name already
    (folder / "topics.yo.dev.tsv").unlink()
    assert [load(str(folder), lang).name for lang in ("yo", "en")] == ["both.yo.test", "both.yo.test"]
    (folder / "collection.json").write_text('{"name": "both", "doc_lang": "en"}')
    assert load(str(folder), "en").name == "both.en.test"


def test_both_directions_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = both_directions(tmp_path)
    for lang in ("yo", "en"):
        assert run(["--lang", lang, "--systems", "bm25", "--cache-dir", "cache", "--collection", str(folder)]) == 0
    assert len(read_qrels("qrels/both.yo.test.txt")) == 1 and len(read_qrels("qrels/both.en-yo.test.txt")) == 2
    made = report(Path("runs/both.en-yo.test"))
    assert [made[key] for key in ("name", "lang", "doc_lang", "split", "topics")] == ["both.en-yo.test", "en", "yo", "test", 2]
    assert report(Path("runs/both.yo.test"))["lang"] == "yo"
    assert main(["runs/both.en-yo.test"]) == 0
    assert "not at hand" not in Path("runs/both.en-yo.test/report.html").read_text()


def test_english_topics_are_reported_as_english_whatever_the_folder_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for system in STRENGTHS:
        manifest(folder, system, {"lang": "en", "doc_lang": "yo"})
    assert main([str(folder)]) == 0
    assert [report(folder)[key] for key in ("lang", "doc_lang")] == ["en", "yo"]
    assert "50 topics (en), documents in yo" in capsys.readouterr().out
    for system in STRENGTHS:
        (folder / f"{system}.manifest.json").unlink()
    folder.rename("runs/tiny.en-yo.test")
    Path("qrels", f"{NAME}.txt").rename("qrels/tiny.en-yo.test.txt")
    assert main(["runs/tiny.en-yo.test"]) == 0
    assert [report(Path("runs/tiny.en-yo.test"))[key] for key in ("lang", "doc_lang")] == ["en", "yo"]


def test_a_split_is_asked_for_as_it_was_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mMARCO's dev/small, its default, is dev-small in the name of a folder."""
    asked = []

    def remembered(*which: Any) -> Any:
        asked.append(which)
        return load("sample", "yo")

    monkeypatch.setattr(collections, "load", remembered)
    Path("place").mkdir()
    manifest(folder, "bm25-qt", arguments={"collection": "place", "lang": "yo", "split": None})
    assert compare._passages(folder) is None
    assert asked[0] == ("place", "yo", None)


# Numbers


def test_json_has_no_number_that_json_does_not_have() -> None:
    made = json.loads(json_text({"a": [float("nan"), 1.5], "b": {"c": float("inf")}, "d": (float("-inf"),)}))
    assert made == {"a": [None, 1.5], "b": {"c": None}, "d": [None]}


# What there is nothing to tell of


def two_with_one_system(folder: Path) -> list[Path]:
    """The folder and another, each with the run of bm25-qt alone."""
    make(Path(), "tiny.ha.test", seed=2)
    folders = [folder, Path("runs/tiny.ha.test")]
    for runs in folders:
        for path in runs.iterdir():
            if path.name != "bm25-qt.trec":
                path.unlink()
    return folders


def test_folders_with_two_systems_that_are_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = two_with_one_system(folder)
    for runs in folders:
        (runs / "same.trec").write_bytes((runs / "bm25-qt.trec").read_bytes())
    assert main([*map(str, folders)]) == 0
    assert "nan" not in Path("runs/across.html").read_text().partition("<main>")[2].partition('<script type="application')[0].lower()
    assert "Not significantly different from bm25-qt" in capsys.readouterr().out


def test_folders_with_a_system_each_compare_with_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = two_with_one_system(folder)
    assert main([*map(str, folders)]) == 0
    texts = {path.suffix: path.read_text() for path in Path("runs").glob("across.*")}
    texts["out"] = capsys.readouterr().out
    for form, text in texts.items():
        if form not in (".json", ".csv"):
            assert "None" not in text and "significantly" not in text.partition("2 folders together")[0], form


def test_a_student_whose_loss_never_moved_is_drawn(folder: Path) -> None:
    for losses in ([0.5, 0.5], [0.0, 0.0], [float("nan"), 0.5, 0.4]):
        manifest(folder, "optical-cs", training={"log": [{"step": 0, "loss": loss} for loss in losses]})
        assert main([str(folder)]) == 0
        assert "nan" not in (folder / "report.html").read_text().partition("Training: loss by step")[2].partition("</figure>")[0]


# Seconds


def test_stages_of_one_title_are_told_and_counted_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "seconds", lambda stage: 3.0)
    made = Experiment(load("sample", "yo"), Settings(), Cache(tmp_path))
    for student in ("cs", "bt", "cs"):
        made.stages.stage("dense index by a student", "faiss", {"model": student}, lambda folder: None)
    assert made.times == {"dense index by a student": 6.0}
    assert capsys.readouterr().out.count("dense index by a student") == 2
