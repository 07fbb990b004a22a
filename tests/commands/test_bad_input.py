"""What the run command says to wrong arguments and wrong input: one line with the remedy, exit status 2, and nothing written."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optical_repro.base import terminal
from optical_repro.run import main


@pytest.fixture
def place(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a collection, its parallel text and an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPTICAL_CACHE", str(tmp_path / "cache"))
    shutil.copytree(small, tmp_path / "small")
    return tmp_path


COMMAND = "--lang yo --collection small --bitext small/bitext.tsv --steps 2"


def told(place: Path, capfd: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line that the command says on standard error, having written nothing under runs/ or qrels/."""
    try:
        status = main(arguments)
    except SystemExit as stop:  # argparse
        status = int(stop.code or 0)
    error = capfd.readouterr().err
    assert status == 2
    assert not [*place.glob("runs/**/*"), *place.glob("qrels/**/*")]
    [line] = error.splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--lang yoruba", 'error: unknown language "yoruba"; its ISO 639 code is yo: --lang yo'),
        ("--lang yorba", 'error: unknown language "yorba"; did you mean yo (Yorùbá)'),
        ("--lang ha", "error: the sample has topics in sw and yo, not in ha; for ha: --collection FOLDER --bitext FILE"),
        ("--lang yo --regime sc", 'error: unknown regime "sc"; did you mean cs'),
        ("--lang yo --regime cs,bitxt", 'error: unknown regime "bitxt"; did you mean bitext'),
        ("--lang yo --regime cs,", 'error: unknown regime ""; known: all, bitext, bt, bt-en, bt-phrase, cs, cs+bt, none'),
        ("--lang yo --systems bm25,dens-qt", 'error: unknown system "dens-qt"; did you mean dense-qt'),
        ("--lang yo --systems bm25-maxsim", 'error: unknown system "bm25-maxsim"; did you mean'),
        ("--lang yo --systems optical-cz", 'error: unknown system "optical-cz"; did you mean optical-'),
        ("--lang yo --collection simple", 'error: unknown collection "simple"; did you mean sample'),
        ("--lang yo --collection smal/", 'error: unknown collection "smal/"; did you mean'),
        ("--lang yo --collection small/corpus.jsonl", "error: small/corpus.jsonl: is a file; expected a folder"),
        ("--lang yo --split tset", "topics.yo.tset.tsv: no such file; splits there for yo: test"),
        ("--lang yo --objective ot+poold", 'error: unknown objective "poold"; did you mean pooled'),
        ("--lang yo --objective ot+", 'error: unknown objective ""; known: maxsim, ot, pooled, scores'),
        ("--lang yo --translator lexicl", 'error: unknown translator "lexicl"; did you mean lexical'),
        ("--lang yo --switch 1.5", "error: --switch 1.5: expected a probability from 0 to 1"),
        ("--lang yo --switch nan", "error: --switch nan: expected a probability from 0 to 1"),
        ("--lang yo --bm25 1.2 1.5", "error: --bm25 1.2 1.5: expected k1, a number from 0, and b, from 0 to 1"),
        ("--lang yo --bm25 inf 0.4", "error: --bm25 inf 0.4: expected k1, a number from 0, and b, from 0 to 1"),
        ("--lang yo --seed -1", "error: --seed -1: expected a number from 0 to 4294967295"),
        ("--lang yo --steps 0", "error: --steps 0: expected a number from 1"),
        ("--lang yo --device cuda", "error: --device cuda: no GPU that this PyTorch can use; use --device cpu"),
        ("--lang yo --devices 2", "error: --devices 2: no GPU that this PyTorch can use; with --device cpu, processes share"),
        ("--lang yo --device cpu --devices 5", "error: --devices 5: cannot share 32 pairs evenly; use one of 1, 2, 4, 8, 16, 32"),
        ("--lang yo --teacher small", "error: small: no config.json; expected a Hugging Face model with"),
        ("--lang yo --student small", "error: small: no config.json; expected a Hugging Face model with"),
        ("--lang yo --teacher small/x/y", "error: small/x/y: no such folder, and no name of a model on the Hugging Face Hub"),
        ("--lang yo --bitext small/bitxt.tsv", "error: small/bitxt.tsv: no such file; check the path"),
        ("--lang yo --bitext small", "error: small: is a folder; expected a file"),
        ("--lang yo --lexicon small/lexicon.txt", "error: small/lexicon.txt: no such file; check the path"),
        (
            "--lang yo --collection small",
            "error: regime cs needs parallel text of yo and English, or a lexicon: --bitext FILE, --lexicon FILE",
        ),
        ("--lang yo --collection small --regime bt", "error: regime bt needs parallel text of yo and English; give it with --bitext FILE"),
        ("--lang yo --systems human --collection miracl --split tset", "tset"),
    ],
)
def test_arguments(place: Path, capfd: pytest.CaptureFixture[str], arguments: str, message: str) -> None:
    line = told(place, capfd, arguments.split())
    assert message in line
    assert len(line) < 500


@pytest.mark.parametrize("name", ["bm25-qt", "bm25-dt", "bm25-psq", "dense-qt", "dense-nbest", "optical-cs", "optical-cs+bm25"])
def test_systems_without_any_words_of_the_language(place: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    """A language of which CLDR has no names, and no bitext: there is nothing to translate by or to learn from."""
    for path in (place / "small").glob("*.yo.*"):
        path.rename(path.with_name(path.name.replace(".yo.", ".xyz.")))
    line = told(place, capfd, ["--lang", "xyz", "--collection", "small", "--systems", f"bm25,{name}"])
    assert "parallel text" in line and "--bitext FILE" in line and "xyz" in line


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("bitext.tsv", "Ọmọ\tChild\nno tab\n", "bitext.tsv:2: no TAB in the line; expected one, between yo and English"),
        ("bitext.tsv", "a\tb\tc\n", "bitext.tsv:1: 2 TAB in the line"),
        ("bitext.tsv", "\n\n", "no sentence pair in small/bitext.tsv; expected lines of yo TAB English"),
        ("bitext.tsv", b"caf\xe9\tcoffee\n", "bitext.tsv:1: byte 0xe9 is not UTF-8"),
        ("lexicon.tsv", "ọmọ\tchild\nọmọ\n", "lexicon.tsv:2: 1 columns; expected a word and its translation"),
        ("lexicon.tsv", "ọmọ\tchild\theavy\n", 'lexicon.tsv:1: the weight "heavy"; expected a number above zero'),
        ("lexicon.tsv", b"\xff\xfe", "lexicon.tsv:1: byte 0xff is not UTF-8"),
        ("corpus.jsonl", '{"id": "a", "text": "x"}\n{"id"\n', "corpus.jsonl:2: not JSON; expected"),
        ("corpus.jsonl", "", "corpus.jsonl: no documents in it"),
        ("corpus.jsonl", '{"id": "a", "text": "x"}\n' * 2, "corpus.jsonl:2: the id a stands twice (first in line 1)"),
        ("corpus.jsonl", b'{"id": "a", "text": "\xe9"}\n', "corpus.jsonl:1: byte 0xe9 is not UTF-8"),
        ("topics.yo.test.tsv", "q1 no tab\n", "topics.yo.test.tsv:1: no TAB in the line"),
        ("topics.yo.test.tsv", "q1\tKí ni?\n", "no topic has a judgement (topics like q1, judgements like geography-t1)"),
        ("qrels.yo.test.txt", "geography-t1 0 geography-10\n", "qrels.yo.test.txt:1: 3 columns; expected four"),
        ("qrels.yo.test.txt", "geography-t1 0 nowhere 1\n", "qrels.yo.test.txt:1: document nowhere (1 such) is not in corpus.jsonl"),
    ],
)
def test_files(place: Path, capfd: pytest.CaptureFixture[str], file: str, text: str | bytes, message: str) -> None:
    """With only lexical systems asked for, so that no file may be found wrong only once it is needed."""
    (place / "small" / file).write_bytes(text.encode() if isinstance(text, str) else text)
    lexicon = ["--lexicon", "small/lexicon.tsv"] if file == "lexicon.tsv" else []
    for systems in ("bm25", "bm25,optical-cs"):
        line = told(place, capfd, [*COMMAND.split(), "--systems", systems, *lexicon])
        assert message in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (place / "small/bitext.tsv").chmod(0)
    assert "small/bitext.tsv: not readable by you; change its permissions" in told(place, capfd, COMMAND.split())


def test_results_that_cannot_be_written(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (place / "taken").touch()
    for option in ("--runs-dir", "--qrels-dir", "--cache-dir"):
        line = told(place, capfd, [*COMMAND.split(), "--systems", "bm25", option, "taken"])
        assert line == "error: taken: no folder can be made there (File exists); name another"


def test_systems_that_have_no_meaning_there(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (place / "small/topics.yo.test.en.tsv").unlink()
    line = told(place, capfd, [*COMMAND.split(), "--systems", "bm25,human"])
    assert line == "error: system human cannot be used on small.yo.test: its topics have no human translations"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "the following arguments are required: --lang"),
        ("--lang yo --lnag sw", "unrecognized arguments: --lnag sw; did you mean --lang?"),
        ("--lang yo --regimes cs", "unrecognized arguments: --regimes cs; did you mean --regime?"),
        ("--lang yo --steps many", "argument --steps: invalid int value: 'many'"),
        ("--lang yo --device tpu", "argument --device: invalid choice: 'tpu'"),
    ],
)
def test_the_command_line_itself(place: Path, capfd: pytest.CaptureFixture[str], arguments: str, message: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    assert stop.value.code == 2
    assert message in capfd.readouterr().err.splitlines()[-1]


def test_in_a_process_of_its_own(place: Path) -> None:
    line = [sys.executable, "-m", "optical_repro.run", "--lang", "yo", "--bitext", "none.tsv"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: none.tsv: no such file; check the path\n")


# No space, and what is nobody's fault


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_is_told_with_the_remedy(capfd: pytest.CaptureFixture[str], code: int) -> None:
    def full() -> None:
        raise OSError(code, os.strerror(code), "/cache/x")

    assert terminal.run_command(full) == 2
    remedy = "free some, or name another place with --cache-dir and --runs-dir"
    assert capfd.readouterr().err == f"error: no space left on the disk for /cache/x; {remedy}\n"


def test_what_is_no_fault_of_the_input_is_told_in_a_line_and_logged_whole(capfd: pytest.CaptureFixture[str], log: Path) -> None:
    def broken() -> None:
        raise RuntimeError("two\nlines")

    assert terminal.run_command(broken) == 1
    assert capfd.readouterr().err == f"error: RuntimeError: two lines (details: {log})\n"
    assert "Traceback" in log.read_text()


def test_an_interruption_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert terminal.run_command(interrupted) == 130
    assert "nothing is lost: the same command goes on from here" in capfd.readouterr().err


@pytest.fixture
def disk(tmp_path: Path) -> object:
    """Makes a disk of the given number of MB at a folder; only root may."""

    def mount(size: int) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("only root may make a small disk")
        return folder

    yield mount
    subprocess.run(["umount", str(tmp_path / "disk")], check=False)
