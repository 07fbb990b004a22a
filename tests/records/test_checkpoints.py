"""Students by manifests: the weights that were recorded and no others, paths of a home folder, and manifests that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import tiny

from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.records import checkpoints


@pytest.fixture
def student(tmp_path: Path) -> Path:
    return tiny.encoder("bert", tmp_path / "home/cache/student")


def told(student: Path, **training: Any) -> dict[str, Any]:
    """A manifest of a run that the student made."""
    recorded = {"checkpoint": str(student), "checkpoint_sha256": sha256(student / "model.safetensors"), "teacher": "T", **training}
    collection = {"lang": "yo", "doc_lang": "en"}
    return {"command": "python -m optical_repro.run --lang yo", "arguments": {}, "collection": collection, "training": recorded}


def written(folder: Path, manifest: Any) -> Path:
    path = folder / "runs/mine.yo.test/optical-cs.manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest), encoding="utf-8")
    return path


def flip(student: Path) -> None:
    """Changes one bit of the last weight."""
    content = bytearray((student / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (student / "model.safetensors").write_bytes(content)


def test_other_weights_than_the_manifests_are_refused(student: Path, tmp_path: Path) -> None:
    path = written(tmp_path, told(student))
    assert checkpoints.find(str(path), tmp_path / "runs").folder == student
    assert checkpoints.find(str(student), tmp_path / "runs").lang == "yo"
    flip(student)
    with pytest.raises(InputError, match=r"manifest\.json: the weights in .* are not those .* make it again: python -m optical_repro\.run"):
        checkpoints.find(str(path), tmp_path / "runs")
    with pytest.raises(InputError, match=r"student: its weights are not those that .*manifest\.json recorded"):
        checkpoints.find(str(student), tmp_path / "runs")


def test_a_run_that_was_made_again_with_other_weights_counts(student: Path, tmp_path: Path) -> None:
    """An old manifest of another folder of runs does not stand in the way of the new one."""
    old = written(tmp_path, told(student))
    old.rename(old.with_name("optical-bt.manifest.json"))
    flip(student)
    written(tmp_path, told(student, teacher="new"))
    assert checkpoints.find(str(student), tmp_path / "runs").teacher == "new"


def test_paths_of_the_home_folder_and_relative_ones_are_found(student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    lexicon = student / "lexicon.tsv"
    lexicon.write_text("a\tb\t1\n")
    path = written(tmp_path, told(student, checkpoint="~/cache/student", respelled_by="~/cache/student/lexicon.tsv", teacher="~/teacher"))
    found = checkpoints.find(str(path), tmp_path / "runs")
    assert (found.folder, found.lexicon, found.teacher) == (student, lexicon, str(tmp_path / "home/teacher"))
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, told(student, checkpoint="home/cache/student"))
    assert os.path.samefile(checkpoints.find(str(path), tmp_path / "runs").folder, student)
    path = written(student.parent, told(student, checkpoint="../../student"))
    assert os.path.samefile(checkpoints.find(str(path), tmp_path / "runs").folder, student)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 3000,
        "[1]",
        "null",
        '"text"',
        '{"training": 7}',
        '{"training": {"checkpoint": 7, "checkpoint_sha256": "x"}}',
        '{"training": {"checkpoint": "x"}}',
        '{"training": {"checkpoint": "x", "checkpoint_sha256": null}}',
        '{"training": {"checkpoint": "x", "checkpoint_sha256": "x", "teacher": []}}',
        '{"training": {"checkpoint": "x", "checkpoint_sha256": "x", "respelled_by": 1}}',
        '{"training": null, "collection": []}',
        '{"training": null, "collection": {"lang": 7}}',
        '{"training": null, "arguments": "x"}',
        '{"training": null, "arguments": {"teacher": 1}}',
        '{"training": null}',
    ],
)
def test_what_is_no_manifest_is_one_line(content: str, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as told:
        checkpoints.find(str(path), tmp_path / "runs")
    assert str(told.value).startswith(str(path)) and "\n" not in str(told.value)


def test_a_manifest_that_is_a_folder_or_not_utf8(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match=r"manifest\.json"):
        checkpoints.find(str(path), tmp_path / "runs")
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"is a folder"):
        checkpoints.find(str(path), tmp_path / "runs")
