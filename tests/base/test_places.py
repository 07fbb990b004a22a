"""Places where a command may or may not write: no home, another's home, a cache that is only read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from optical_repro.base import places, terminal
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError

SYSTEMS = "bm25,bm25-qt"
NOBODY = 1234
"""A user without an entry in passwd."""

as_root = pytest.mark.skipif(os.getuid() != 0 or shutil.which("setpriv") is None, reason="only root can be somebody else")


def variables(**given: str) -> dict[str, str]:
    """An environment without what names a place, but for what is given."""
    names = ("HOME", "OPTICAL_CACHE", "OPTICAL_LOG", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "HF_HOME", "MPLCONFIGDIR", "USER", "LOGNAME")
    return {name: value for name, value in os.environ.items() if name not in names} | given


def run(folder: Path, small: Path, *options: str, user: int | None = None, **given: str) -> subprocess.CompletedProcess[str]:
    """``python -m optical_repro.run`` in a folder, as another user, who may read all, since Python may lie in root's home."""
    may = [word for kind in ("--inh-caps", "--ambient-caps") for word in (kind, "-all,+dac_read_search")]
    who = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", *may] if user is not None else []
    line = [*who, sys.executable, "-m", "optical_repro.run", "--lang", "yo", "--systems", SYSTEMS, "--collection", str(small), *options]
    return subprocess.run(line, cwd=folder, env=variables(**given), capture_output=True, text=True, check=False)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that all may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def compiled() -> Iterator[str]:
    """A folder for what numba compiles, which takes a minute, shared by these tests."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield name


@pytest.fixture
def readable(small: Path, place: Path) -> Path:
    """The small collection where every user can read it."""
    return Path(shutil.copytree(small, place / "small"))


@pytest.fixture
def theirs(place: Path) -> Path:
    """A folder that belongs to a user without name or home."""
    folder = place / "work"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder


@as_root
@pytest.mark.parametrize("given", [{}, {"HOME": "/root"}])
def test_a_user_without_a_home_needs_a_cache_and_no_more(theirs: Path, readable: Path, compiled: str, given: dict[str, str]) -> None:
    shared = {"NUMBA_CACHE_DIR": compiled} if given else {}
    done = run(theirs, readable, "--cache-dir", "cache", user=NOBODY, **given, **shared)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    assert (theirs / "cache/log.txt").is_file()
    assert {path.name for path in theirs.iterdir()} == {"cache", "runs", "qrels"}


@as_root
@pytest.mark.parametrize("given", [{}, {"HOME": "/"}])
def test_without_a_home_and_a_cache_one_line_says_what_to_name(theirs: Path, readable: Path, given: dict[str, str]) -> None:
    done = run(theirs, readable, user=NOBODY, **given)
    assert done.returncode == 2
    assert done.stderr == "error: /.cache/optical_repro: no folder can be made there (Permission denied); name another with --cache-dir\n"


@as_root
def test_a_finished_cache_of_somebody_else_is_used_as_it_is(theirs: Path, readable: Path, place: Path, compiled: str) -> None:
    first = run(place, readable, "--cache-dir", "cache", HOME=str(place / "home"))
    assert first.returncode == 0, first.stderr
    before = sorted((path, path.stat().st_mtime_ns) for path in (place / "cache").rglob("*"))
    done = run(theirs, readable, "--cache-dir", str(place / "cache"), user=NOBODY, NUMBA_CACHE_DIR=compiled)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted((path, path.stat().st_mtime_ns) for path in (place / "cache").rglob("*")) == before
    for name in SYSTEMS.split(","):
        assert (theirs / f"runs/small.yo.test/{name}.trec").read_bytes() == (place / f"runs/small.yo.test/{name}.trec").read_bytes()
    more = run(theirs, readable, "--cache-dir", str(place / "cache"), "--bm25", "1.2", "0.75", user=NOBODY)
    assert more.returncode == 2
    assert more.stderr.count("\n") == 1 and "not in this cache, and you may not write there; name a folder of your own" in more.stderr


@as_root
def test_what_may_not_be_read_is_not_said_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    (tmp_path / "theirs/file").touch()
    os.chown(tmp_path / "theirs", NOBODY, NOBODY)
    program = (
        "import sys; from optical_repro.base.terminal import run_command; sys.exit(run_command(lambda: open(sys.argv[1], sys.argv[2])))"
    )
    line = ["setpriv", "--bounding-set", "-all", sys.executable, "-c", program, "theirs/file", "r"]  # root without root's rights
    done = subprocess.run(line, cwd=tmp_path, env=variables(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: theirs/file: not allowed to read it; change its permissions\n")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_stage_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="not in this cache"):
        Cache(tmp_path).stage("s", {}, lambda folder: None)


def test_a_command_with_a_cache_keeps_all_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPTICAL_LOG", "OPTICAL_CACHE", "HF_HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").touch()  # no folder can be made in it
    from optical_repro.base import downloads

    assert terminal.run_command(lambda: None, tmp_path / "cache") == 0
    assert terminal.log_path() == tmp_path / "cache/log.txt"
    assert downloads.folder() == tmp_path / "cache/downloads"
    kept = {"HF_HOME": "hf", "MPLCONFIGDIR": "mplconfigdir"}
    assert {name: os.environ[name] for name in kept} == {name: str(tmp_path / "cache/libraries" / folder) for name, folder in kept.items()}


def test_downloads_that_are_there_stay_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".cache/huggingface").mkdir(parents=True)
    monkeypatch.setattr(places, "writable", lambda path: path == tmp_path / "cache")
    places.settle(tmp_path / "cache")
    assert "HF_HOME" not in os.environ


def test_an_error_without_a_log_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPTICAL_LOG", str(tmp_path / "file/log.txt"))
    (tmp_path / "file").touch()

    def fail() -> None:
        raise RuntimeError("out of luck")

    assert terminal.run_command(fail) == 1
    assert capsys.readouterr().err == ("error: RuntimeError: out of luck (no log could be written; name a file for it with OPTICAL_LOG)\n")
