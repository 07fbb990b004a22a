"""Stages of the cache: made once, complete or absent, and taken up again where a killed process left them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from optical_repro.cache import RECORD, Cache, default_folder, empty, seconds


def test_a_stage_is_made_once_for_its_inputs(tmp_path: Path) -> None:
    cache, made = Cache(tmp_path), []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "out").write_text("ẹ̀kọ́")

    assert not cache.has("s", {"a": 1})
    first = cache.stage("s", {"a": 1, "b": ["x"]}, make)
    assert cache.stage("s", {"b": ["x"], "a": 1}, make) == first
    assert Cache(tmp_path).has("s", {"a": 1, "b": ["x"]})
    assert len(made) == 1
    assert (first / "out").read_text() == "ẹ̀kọ́"
    assert first.parent == tmp_path / "s"
    for other in (("s", {"a": 2, "b": ["x"]}), ("t", {"a": 1, "b": ["x"]})):
        assert cache.stage(*other, make) != first
    assert len(made) == 3


def test_the_record_tells_inputs_and_seconds(tmp_path: Path) -> None:
    stage = Cache(tmp_path).stage("s", {"lang": "yo"}, lambda folder: time.sleep(0.2))
    assert json.loads((stage / RECORD).read_text())["inputs"] == {"lang": "yo"}
    assert 0.2 <= seconds(stage) < 5


def test_another_version_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Cache(tmp_path).stage("s", {}, lambda folder: None)
    monkeypatch.setattr("optical_repro.cache.__version__", "999")
    assert not Cache(tmp_path).has("s", {})
    assert Cache(tmp_path).stage("s", {}, lambda folder: None) != first


def test_a_stage_that_fails_is_not_there_and_goes_on_from_what_it_left(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def make(folder: Path) -> None:
        steps = len(list(folder.iterdir()))
        (folder / str(steps)).touch()
        if steps < 2:
            raise OSError("no more")

    for _ in range(2):
        with pytest.raises(OSError, match="no more"):
            cache.stage("s", {}, make)
        assert not cache.has("s", {})
    assert sorted(path.name for path in cache.stage("s", {}, make).iterdir()) == ["0", "1", "2", RECORD]


def test_empty_leaves_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").touch()
    (tmp_path / "d").touch()
    empty(tmp_path)
    assert list(tmp_path.iterdir()) == []


CHILD = """
import sys, time
from pathlib import Path
from optical_repro.cache import Cache
def make(folder):
    marks = Path(sys.argv[2])
    with marks.open("a") as file:
        file.write("made\\n")
    (folder / "half").touch()
    time.sleep(float(sys.argv[3]))
    (folder / "whole").touch()
print(Cache(sys.argv[1]).stage("s", {}, make))
"""


def child(cache: Path, marks: Path, pause: float) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CHILD, str(cache), str(marks), str(pause)], stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    limit = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < limit, f"{path} does not appear"
        time.sleep(0.02)


def test_two_processes_that_want_one_stage_make_it_once(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    children = [child(tmp_path / "cache", marks, 1) for _ in range(3)]
    said = {process.communicate(timeout=60)[0] for process in children}
    assert [process.returncode for process in children] == [0, 0, 0]
    assert len(said) == 1
    assert marks.read_text() == "made\n"


def test_a_killed_process_leaves_no_stage_and_holds_no_lock(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    process = child(tmp_path / "cache", marks, 60)
    wait_for(marks)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not Cache(tmp_path / "cache").has("s", {})
    after = child(tmp_path / "cache", marks, 0)
    stage = Path(after.communicate(timeout=30)[0].strip())
    assert after.returncode == 0
    assert sorted(path.name for path in stage.iterdir()) == ["half", RECORD, "whole"]


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OPTICAL_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_folder() == tmp_path / ".cache/optical_repro"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert default_folder() == Path("/elsewhere/optical_repro")
    monkeypatch.setenv("OPTICAL_CACHE", "/named")
    assert default_folder() == Path("/named")
    assert Cache("~/mine").folder == tmp_path / "mine"
