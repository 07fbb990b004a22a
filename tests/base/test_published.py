"""What a manifest tells of the machine that it was made on, and that the files that it names are found again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from optical_repro.base.published import find_file, public_command, public_text, public_value
from optical_repro.bitext.beside import parse
from optical_repro.run import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and a working folder in it."""
    home = tmp_path / "home/ade"
    (home / "work").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "work")
    return home


def test_paths_are_relative_or_begin_with_a_tilde(home: Path) -> None:
    assert [public_text(str(home / name)) for name in ("work/x/y.tsv", "models/x", "work", "")] == ["x/y.tsv", "~/models/x", ".", "~"]
    assert public_text(f"{home}ola/x") == f"{home}ola/x"  # somebody else's
    assert [public_text(text) for text in ("/data/x", "castorini/mdpr", "x.tsv")] == ["/data/x", "castorini/mdpr", "x.tsv"]
    several = f"ha:{home}/a.tsv,{home}/work/b.tsv,c.tsv"
    assert public_text(several) == "ha:~/a.tsv,b.tsv,c.tsv" and public_text("lafand:dev") == "lafand:dev"
    assert parse([public_text(several)])[0].bitext == (home / "a.tsv", Path("b.tsv"), Path("c.tsv"))
    assert public_value({"a": [home / "b", 1, None], "c": {"d": f"{home}/e"}}) == {"a": ["~/b", 1, None], "c": {"d": "~/e"}}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("hf_abcdefghijABCDEFGHIJ0123456789", "***"),
        ("https://ade:s3cret@example.org/x.tsv", "https://***@example.org/x.tsv"),
        ("https://example.org/x?token=abc&lang=yo", "https://example.org/x?token=***&lang=yo"),
        ("HF_TOKEN=abcdef", "HF_TOKEN=***"),
        ("api_key: abcdef", "api_key: ***"),
        ("ghp_abcdefghij0123456789", "***"),
        ("sk-en.tsv", "sk-en.tsv"),  # Slovak
        ("https://example.org/a@b", "https://example.org/a@b"),
    ],
)
def test_secrets_are_masked(typed: str, shown: str) -> None:
    assert public_text(typed) == shown


def test_a_command_stays_one_that_a_shell_takes(home: Path) -> None:
    words = ["python", "-m", "x", f"--bitext={home}/my texts/a.tsv", "--teacher", f"{home}/work/t", "--lang", "yo", "$OPTICAL_DATA/x"]
    line = public_command(words)
    assert line == "python -m x --bitext ~/'my texts/a.tsv' --teacher t --lang yo '$OPTICAL_DATA/x'"
    assert shlex.split(line)[4] == "~/my texts/a.tsv"


def test_what_is_told_is_found_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [home / "models/a", home / "work/cache/b"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()
    manifest = home / "work/runs/small.yo.test/x.manifest.json"
    manifest.parent.mkdir(parents=True)
    named = [public_text(str(file)) for file in files]
    assert [find_file(name).resolve() for name in named] == files
    monkeypatch.chdir("/")
    assert [find_file(name, manifest) for name in named] == files
    assert find_file("/gone", manifest) == Path("/gone") and find_file("gone", manifest) == Path("gone")


def test_a_manifest_tells_neither_home_nor_secret(home: Path, small: Path) -> None:
    text = small / "bitext.tsv"
    bitext = home / "texts/a token=abcdef.tsv"
    bitext.parent.mkdir()
    bitext.write_bytes(text.read_bytes())
    words = [
        "--lang",
        "yo",
        "--collection",
        str(small),
        "--systems",
        "bm25-qt",
        "--bitext",
        str(bitext),
        "--cache-dir",
        str(home / ".cache"),
    ]
    assert main(words) == 0
    written = Path("runs/small.yo.test/bm25-qt.manifest.json").read_text(encoding="utf-8")
    assert str(home) not in written and "abcdef" not in written
    manifest = json.loads(written)
    assert manifest["arguments"]["cache_dir"] == "~/.cache" and list(manifest["inputs"]) == ["~/texts/a token=***"]
    assert "--cache-dir ~/.cache" in manifest["command"]
