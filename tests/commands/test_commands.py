"""The commands by their names: what there is, what each takes, and what each says to a call that cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from optical_repro import pyserini
from optical_repro.__main__ import COMMANDS, main

HEAVY = {"torch", "pyserini", "jnius", "transformers", "ranx", "ir_datasets", "matplotlib", "scipy", "numba", "faiss"}

EACH = [*([command] for command in COMMANDS), *(["pyserini", command] for command in pyserini.OWN)]


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == said
    lines = said.splitlines()
    for command in COMMANDS:
        assert sum(line.startswith(f"  {command} ") for line in lines) == 1


def test_the_module_and_the_console_script_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert python("-m", "optical_repro").stdout == capsys.readouterr().out


def test_every_command_of_the_package_is_in_the_list() -> None:
    package = Path(pyserini.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in [*package.glob("*.py"), *package.glob("*/__main__.py")]}
    found = {path.parent.name if path.stem == "__main__" else path.stem for path, text in texts.items() if "if __name__ ==" in text}
    assert found - {"optical_repro", "share"} == COMMANDS.keys()  # share's are those of pyserini.


@pytest.mark.parametrize("command", EACH, ids=" ".join)
def test_help_loads_no_heavy_library(command: list[str]) -> None:
    code = f"""
import sys
from optical_repro.__main__ import main
try:
    assert not main({[*command, "--help"]})
except SystemExit as stop:
    assert not stop.code
print(*sorted({HEAVY} & set(sys.modules)), file=sys.stderr)
"""
    done = python("-c", code)
    assert (done.returncode, done.stderr) == (0, "\n")
    assert done.stdout.startswith(("usage: ", "Pyserini's own commands"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serch"], 'unknown command "serch"; did you mean search?'),
        ([""], 'unknown command ""; known: align'),
        (["--lang", "yoruba", "--regime", "cs"], "its ISO 639 code is yo"),  # of run, as optical-repro alone took it
        (["run", "--lang", "yoruba"], "its ISO 639 code is yo"),
        (["collections", "--lang", ""], 'unknown language ""'),
        (["search", "--lang", "yo", "--model", "", "--runs-dir", "nowhere", "x"], "which student? give --model FOLDER"),
        (["regimes", "--lang", "yo", "--cache-dir", "file/cache"], "file/cache: no folder can be made there"),
        (["align", "--agreement", "no.tsv", "--lang", "yoruba", "--model", "x"], "its ISO 639 code is yo"),
        (["align", "--agreement", "no.tsv", "--lang", "yo", "--model", "x"], "no.tsv: no such file"),
        (["search", "--lang", "yo", "--model", "x" * 5000, "x"], "no student (File name too long)"),
        (["search", "--lang", "yo", "--model", "x", "\udcff"], "the topic: not UTF-8"),
        (["align", "\udcff", "x"], "a sentence: not UTF-8"),
        (["align", "?!", "x"], 'no word in "?!"'),
        (["align", "a", "b", "--png", "plan.jpg"], "the picture will be PNG; give it a name that ends in .png"),
        (["align", "a", "b", "--svg", "plan.png"], "the picture will be SVG; give it a name that ends in .svg"),
        (["align", "a", "b", "--png", "."], "is a folder; expected the name of a file"),
        (["align", "a", "b", "--png", "file/plan.png"], "file: no folder can be made there"),
        (["pyserini", "respell", "x", "--lang", "yoruba", "--topics", "t", "--corpus", "c", "--output", "o"], "its ISO 639 code is yo"),
        (["pyserini", "respell", "x", "--lang", "yo", "--topics", "t", "--corpus", "c", "--output", "o"], "t: no such file"),
    ],
)
def test_a_wrong_call_is_one_line(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "file").touch()
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1 and told in said.err


@pytest.mark.parametrize("name", ["foo.bar", "foo", "", ".", "..x", "encode.x.y", "a b", "/etc", "index.lucene."])
def test_what_pyserini_has_not_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert pyserini.main([name]) == 2
    said = capsys.readouterr().err
    assert said == f'error: Pyserini has no command "{name}"; expected encode, search, card, push, or a module such as index.lucene\n'


def test_what_pyserini_has_is_found_in_its_files() -> None:
    for name in ("encode", "search.faiss", "search.lucene", "index.lucene", "index.merge_faiss_indexes", "fusion", "eval.trec_eval"):
        assert pyserini.is_command(name), name


def test_share_says_what_it_takes() -> None:
    done = python("-m", "optical_repro.share", "--help")
    assert done.returncode == 0
    for command in pyserini.OWN:
        assert f"\n    {command} " in done.stdout
    wrong = python("-m", "optical_repro.share")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (2, "", 1)
