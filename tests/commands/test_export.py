"""A student out of the cache, and found again where it is the only one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from conftest import Done
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer

from optical_repro import export, run
from optical_repro.base.cache import RECORD
from optical_repro.base.errors import InputError
from optical_repro.encoders import onnx_export
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.experiment.systems import parse
from optical_repro.records import checkpoints
from optical_repro.search import main as search

TEXTS = ["Ta ló ń ṣe òfin?", "Ọba ń gbé ní ààfin."]


@pytest.fixture
def manifest(sample_run: Done) -> str:
    return str(sample_run.runs / "optical-cs.manifest.json")


def test_an_exported_student_gives_the_same_vectors_without_the_cache(
    sample_run: Done, manifest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export.main([manifest, "students/cs", "--runs-dir", str(sample_run.runs.parent)]) == 0
    assert 'SentenceTransformer("students/cs")' in capsys.readouterr().out
    student = checkpoints.find(manifest, sample_run.runs.parent).folder
    folder = tmp_path / "students/cs"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not any(path.is_symlink() for path in files) and not (folder / RECORD).exists()
    assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert 'SentenceTransformer("students/cs")' in card and "THIS MODEL" not in card and str(tmp_path) not in card
    assert (folder / "lexicon.tsv").is_file()
    theirs = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(theirs, TextEncoder(student).encode(TEXTS), atol=1e-5)
    assert checkpoints.find(str(folder), sample_run.runs.parent).lexicon


def test_onnx_gives_the_vectors_of_torch(sample_run: Done, manifest: str, tmp_path: Path) -> None:
    """Run as others run it: the folder's tokenizer, onnx/model.onnx, mean over the tokens."""
    pytest.importorskip("onnx")
    assert export.main([manifest, str(tmp_path / "cs"), "--onnx", "--runs-dir", str(sample_run.runs.parent)]) == 0
    path = tmp_path / "cs/onnx/model.onnx"
    assert path.stat().st_mode & 0o777 == 0o644 and not list((tmp_path / "cs").glob(".onnx*"))
    session, tokenizer = onnxruntime.InferenceSession(path), AutoTokenizer.from_pretrained(tmp_path / "cs")
    inputs = dict(tokenizer([*TEXTS, "a"], padding=True, return_tensors="np"))
    assert {entry.name for entry in session.get_inputs()} == inputs.keys()
    [states] = session.run(["last_hidden_state"], {name: array.astype(np.int64) for name, array in inputs.items()})
    mask = inputs["attention_mask"][..., None]
    means = (states * mask).sum(1) / mask.sum(1)
    expected = TextEncoder(tmp_path / "cs").encode([*TEXTS, "a"])
    np.testing.assert_allclose(means / np.linalg.norm(means, axis=1, keepdims=True), expected, atol=1e-4)


def test_onnx_that_differs_from_torch_is_not_written(
    sample_run: Done, manifest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(onnx_export, "CLOSE", 0.0)
    assert export.main([manifest, str(tmp_path / "cs"), "--onnx", "--runs-dir", str(sample_run.runs.parent)]) == 2
    assert "as ONNX its token states differ from torch's by" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_one_line_says_what_to_install(
    sample_run: Done, manifest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert export.main([manifest, str(tmp_path / "cs"), "--onnx", "--runs-dir", str(sample_run.runs.parent)]) == 2
    assert capsys.readouterr().err == "error: --onnx: onnx is not installed; run: pip install 'optical_repro[onnx]'\n"
    assert list(tmp_path.iterdir()) == []


def test_the_card_knows_the_runs_beside_a_manifest(
    sample_run: Done, manifest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # no runs here
    assert export.main([str(Path(manifest).absolute()), "cs"]) == 0
    assert "note:" not in capsys.readouterr().out
    assert sample_run.runs.name in (tmp_path / "cs/README.md").read_text(encoding="utf-8")


def test_what_is_there_already_is_not_written_over(sample_run: Done, manifest: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/file").touch()
    for folder in (tmp_path / "theirs", tmp_path / "theirs/file"):
        with pytest.raises(InputError, match="is there already; name a new folder"):
            export.export(manifest, folder, sample_run.runs.parent)
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["file"]


def test_a_copy_that_is_cut_off_leaves_nothing(sample_run: Done, manifest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        export.export(manifest, tmp_path / "cs", sample_run.runs.parent)
    assert list(tmp_path.iterdir()) == []


def test_the_only_student_is_searched_with_and_several_are_listed(
    sample_run: Done, manifest: str, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs/sample.yo.test"
    runs.mkdir(parents=True)
    for path in sample_run.runs.glob("optical-cs*.manifest.json"):  # alone and fused: one student
        shutil.copy(path, runs)
    line = ["--lang", "yor", "--runs-dir", str(runs.parent), "--cache-dir", str(cache), "--device", "cpu", "--hits", "1"]
    assert search([*line, TEXTS[0]]) == 0
    shown = capsys.readouterr().out
    assert f"student: {runs / 'optical-cs.manifest.json'}, the only one of Yorùbá in {runs.parent}" in shown and "1. " in shown
    shutil.copy(sample_run.runs / "optical-bt.manifest.json", runs)
    assert search([*line, TEXTS[0]]) == 2
    assert "which student? give --model FOLDER" in capsys.readouterr().err


def test_a_run_ends_with_its_student_and_the_next_commands(sample_run: Done) -> None:
    end = sample_run.out[sample_run.out.index("Search with the student of optical-cs") :]
    assert "python -m optical_repro.search --lang yo --model" in end and "python -m optical_repro.export" in end


def test_the_next_commands_have_a_collection_that_is_named_like_another_options_default() -> None:
    arguments = run.parser().parse_args(["--lang", "yo", "--collection", "flat", "--split", "test"])
    said = run.next_steps(arguments, Path("runs/flat.yo.test"), [parse("bm25"), parse("optical-cs")])
    assert "--model runs/flat.yo.test/optical-cs.manifest.json --collection flat --split test\n" in said
    arguments = run.parser().parse_args(["--lang", "yo"])
    assert "optical-cs.manifest.json\nTake" in run.next_steps(arguments, Path("runs/sample.yo.test"), [parse("optical-cs")])
