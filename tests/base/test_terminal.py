"""What reaches a terminal: on any encoding, and nothing that steers it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_compare import make

from optical_repro.base.errors import LONGEST, InputError
from optical_repro.base.marks import mark
from optical_repro.base.terminal import Parser, run_command, say
from optical_repro.compare import main

STEERING = "\x1b[2J\x1b]0;title\x07\x9b31m\rq\x00"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "tiny.yo.test", seed=1)
    return "runs/tiny.yo.test"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminals_encoding_will_do(folder: str, encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-m", "optical_repro.compare", folder], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert ("ibéèrè" if encoding == "utf-8" else "?") in done.stdout.decode(encoding)
    told = subprocess.run([sys.executable, "-m", "optical_repro.compare", "runs/ọjà"], capture_output=True, env=environment, check=False)
    assert told.returncode == 2 and told.stderr.startswith(b"error: ")
    told = subprocess.run(
        [sys.executable, "-m", "optical_repro.compare", "--tést", "ọjà"], capture_output=True, env=environment, check=False
    )
    assert told.returncode == 2 and told.stderr.startswith(b"error: ")


def test_what_would_steer_the_terminal_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"a{STEERING}\tb\nc")
    out = capsys.readouterr().out
    assert out == "a\\x1b[2J\\x1b]0;title\\x07\\x9b31m\\x0dq\\x00\tb\nc\n"


def test_names_in_a_table_do_not_steer_the_terminal(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(folder, f"theirs{STEERING[:12]}.trec").write_bytes(Path(folder, "dense-zs.trec").read_bytes())
    assert main([folder]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "theirs\\x1b[2J" in printed


def test_colours_of_our_own_stay_on_a_terminal_that_has_them(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    say(mark("a bird\x1b[2J", [(2, 6)]))
    assert capsys.readouterr().out == "a \x1b[1;33mbird\x1b[0m\\x1b[2J\n"


def test_an_error_is_one_line_that_ends(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise InputError(f"a{STEERING}\nb" + "c" * 100_000 + "; do this")

    assert run_command(fails) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "\x1b" not in error and len(error) < LONGEST + 50
    assert error.startswith("error: a\\x1b[2J") and error.endswith("; do this\n")
    with pytest.raises(SystemExit):
        Parser("x", None).parse_args([f"--{STEERING}"])
    assert "\x1b" not in capsys.readouterr().err
