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

from optical_repro.base import children
from optical_repro.base.cache import RECORD, Cache, empty, seconds
from optical_repro.base.files import whole
from optical_repro.base.places import default_folder


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


@pytest.mark.parametrize("name", ["out", "deep/weights.bin"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_damaged_stage_is_made_again_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, how: str) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "deep").mkdir()
        (folder / "out").write_text("ẹ̀kọ́")
        (folder / "deep/weights.bin").write_bytes(bytes(range(256)))

    stage = Cache(tmp_path).stage("s", {}, make)
    before = (stage / name).read_bytes()
    if how == "flipped":
        (stage / name).write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    elif how == "cut":
        (stage / name).write_bytes(before[:-1])
    else:
        (stage / name).unlink()
    assert not Cache(tmp_path).has("s", {})
    assert Cache(tmp_path).stage("s", {}, make) == stage
    assert (stage / name).read_bytes() == before
    assert len(made) == 2
    assert capsys.readouterr().out == f"{stage / name}: not as it was written; the stage is made again\n"
    assert Cache(tmp_path).stage("s", {}, make) == stage
    assert len(made) == 2 and not capsys.readouterr().out
    assert [path.name for path in stage.parent.iterdir()] == [stage.name]


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", '{"inputs": {}, "seconds": 1}', '{"inputs": {"a": 1}, "seconds": 1, "files": {}}']
)
def test_a_stage_without_its_own_record_is_made_again(tmp_path: Path, content: str | None) -> None:
    def make(folder: Path) -> None:
        (folder / "out").write_text("right")

    stage = Cache(tmp_path).stage("s", {}, make)
    (stage / "out").write_text("wrong")
    (stage / RECORD).unlink()
    if content is not None:
        (stage / RECORD).write_text(content)
    assert (Cache(tmp_path).stage("s", {}, make) / "out").read_text() == "right"


def test_what_is_added_to_a_stage_later_is_no_damage(tmp_path: Path) -> None:
    made = []
    stage = Cache(tmp_path).stage("s", {}, made.append)
    (stage / "README.md").write_text("a card")
    assert Cache(tmp_path).stage("s", {}, made.append) == stage
    assert len(made) == 1


def test_files_of_a_stage_follow_the_umask(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "open").touch()
        (folder / "model.safetensors").touch(mode=0o600)

    before = os.umask(0o027)
    try:
        stage = Cache(tmp_path).stage("s", {}, make)
    finally:
        os.umask(before)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in stage.iterdir()} == dict.fromkeys(
        ("open", "model.safetensors", RECORD), "0o640"
    )


def test_what_a_killed_writer_left_in_a_part_is_no_part_of_the_stage(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    part = cache.place("s", {}).with_name(f".{cache.place('s', {}).name}.part")
    part.mkdir(parents=True)
    (part / ".out.99999999.part").touch()
    stage = cache.stage("s", {}, lambda folder: (folder / "out").touch())
    assert sorted(path.name for path in stage.iterdir()) == ["out", RECORD]


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
from optical_repro.base.cache import Cache
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
    assert len(list((tmp_path / "cache/s").iterdir())) == 1


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
    assert [path.name for path in stage.parent.iterdir()] == [stage.name]


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


WRITER = """
import os, sys, time
from pathlib import Path
from optical_repro.base.files import whole
with whole(sys.argv[1]) as file:
    file.write("half")
    file.flush()
    Path(sys.argv[2]).touch()
    time.sleep(60)
"""


def test_what_a_killed_writer_left_goes_and_a_living_one_keeps_its_own(tmp_path: Path) -> None:
    writers = []
    for name in ("dead", "living"):
        writers.append(subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "out"), str(tmp_path / name)]))
        wait_for(tmp_path / name)
    dead, living = writers
    dead.kill()
    dead.wait()
    with whole(tmp_path / "out") as file:
        file.write("whole")
    assert (tmp_path / "out").read_text() == "whole"
    assert [path.name for path in tmp_path.glob(".*")] == [f".out.{living.pid}.part"]
    living.kill()
    living.wait()
    with whole(tmp_path / "out") as file:
        file.write("whole")
    assert not list(tmp_path.glob(".*"))


def test_locks_let_one_in_at_a_time_and_leave_nothing(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from optical_repro.base.locks import locked
for _ in range(200):
    with locked(Path(sys.argv[1], "lock")):
        count = int(Path(sys.argv[1], "count").read_text())
        Path(sys.argv[1], "count").write_text(str(count + 1))
"""
    (tmp_path / "count").write_text("0")
    children = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in children] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "600"
    assert [path.name for path in tmp_path.iterdir()] == ["count"]


PARENT = """
import subprocess, sys, time
from optical_repro.base import children
child = children.start("child")
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_process_beside_a_command_dies_with_it(tmp_path: Path) -> None:
    text = "import time; from pathlib import Path; from optical_repro.base import children; children.end_with_parent()"
    (tmp_path / "child.py").write_text(f"{text}; Path({str(tmp_path / 'there')!r}).touch(); time.sleep(60)")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_for(tmp_path / "there")
    parent.kill()
    parent.wait()
    limit = time.monotonic() + 30
    while Path(f"/proc/{child}/stat").exists() and Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < limit, "the child outlives its parent"
        time.sleep(0.02)


def test_a_child_does_not_hear_ctrl_c_and_ends_where_who_waits_for_it_does() -> None:
    process = children.start("optical_repro.lexicon.alignment", stdin=subprocess.PIPE)
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    with pytest.raises(KeyboardInterrupt), children.waited_for(process):
        raise KeyboardInterrupt
    assert process.returncode == -signal.SIGKILL
