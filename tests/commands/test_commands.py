"""The commands by their names: what there is, what each takes, and what each says to a call that cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def test_bash_completes_commands_options_and_choices(tmp_path: Path) -> None:
    """The script that --completion prints, asked as bash asks it."""
    pytest.importorskip("shtab")
    script = tmp_path / "completion.sh"
    script.write_text(python("-m", "optical_repro", "--completion", "bash").stdout, encoding="utf-8")
    asking = 'source "$0"; f=$(complete -p optical-repro | sed "s/.*-F \\([^ ]*\\).*/\\1/"); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
    for line, expected in (
        (["optical-repro", "co"], {"compare", "collections"}),
        (["optical-repro", "search", "--s"], {"--split", "--serve"}),
        (["optical-repro", "run", "--device", ""], {"auto", "cpu", "cuda", "cuda:1", "mps"}),
    ):
        done = subprocess.run(
            ["bash", "-c", asking + '$f "$1" "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[@]}"', str(script), *line],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert set(done.stdout.split()) == expected


def test_completion_for_no_shell_that_is_known_and_without_shtab(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    told = {
        ("fish",): "--completion fish: expected one of bash, zsh, tcsh",
        (): "expected one of bash",
        ("bash",): "shtab is not installed",
    }
    for arguments, message in told.items():
        assert main(["--completion", *arguments]) == 2
        assert message in capsys.readouterr().err


# Options of run from a file


def configured(folder: Path, text: str, *arguments: str) -> int:
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    return main(["run", "--config", str(folder / "my.yaml"), *arguments])


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(yaml.safe_load(capsys.readouterr().out))


def test_options_of_a_file_are_those_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "mine")
    text = (
        "lang: 'no'\nregime: [cs, bt]\nbitext: [$MINE/a.tsv, b.tsv]\nbm25: [0.8, 0.3]\nno-respelling: true\nno-lexical-init: false\n"
        "prefixes: ['query: ', 'passage: ']\nsteps: 7\n"
    )
    assert configured(tmp_path, text, "--show-config", "--steps", "9", "--seed", "3") == 0
    options = shown(capsys)
    words = "--lang no --regime cs,bt --bitext mine/a.tsv b.tsv --bm25 0.8 0.3 --no-respelling --steps 9 --seed 3 --prefixes"
    line = [*words.split(), "query: ", "passage: "]
    assert main(["run", *line, "--show-config"]) == 0
    assert shown(capsys) == options
    assert (options["lang"], options["steps"], options["regime"], options["no-respelling"]) == ("no", 9, "cs,bt", True)
    assert configured(tmp_path, yaml.safe_dump(options), "--show-config") == 0
    assert shown(capsys) == options


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lang: yo\nstepps: 5\n", 'unknown argument "stepps"; did you mean steps'),
        ("lang: yo\nsteps: many\n", "my.yaml: steps: invalid int value: 'many'; python -m optical_repro.run --help tells"),
        ("lang: yo\nsteps: [1, 2]\n", "my.yaml: steps: unrecognized arguments: 2"),
        ("lang: no\n", "my.yaml: lang is False; YAML reads no and yes as false and true, so write it in quotes"),
        ("lang: yo\nno-respelling: 1\n", "my.yaml: no-respelling is 1; expected true or false"),
        ("lang: yo\ndevice: gpu\n", "my.yaml: device: invalid choice: 'gpu'"),
        ("lang: yo\nsystems:\n", "my.yaml: systems is None; expected a value"),
        ("lang: yo\nteacher: --seed\n", "my.yaml: teacher: a value that starts with a dash: --seed"),
        ("- lang\n", "my.yaml: no keys in it; expected options of run and their values, such as lang: yo"),
        ("lang: [yo\n", "my.yaml:2: "),
    ],
)
def test_a_wrong_file_is_named_with_key_and_remedy(tmp_path: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert configured(tmp_path, text) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1 and told in said.err and "my.yaml" in said.err


def test_a_config_that_is_not_there_or_abbreviated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml: no such file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["run", "--lang", "yo", "--conf", "x.yaml"])
    assert stop.value.code == 2 and "write --config in full" in capsys.readouterr().err
