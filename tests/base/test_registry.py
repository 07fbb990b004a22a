"""Registries, and what another package adds to them: a system, a regime, a translator, a collection, by its entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from optical_repro.base.registry import extension, registry
from optical_repro.training_text.regime import Regime
from optical_repro.training_text.regimes import REGIMES

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/extending.md"

TWICE = """
from optical_repro.training_text.regime import Regime
MINE = Regime("cs", "another", lambda pairs, tools: [])
NUMBER = 7
"""
WRONG = {"broken.py": "raise ImportError('no such library')\n", "twice.py": TWICE}


def guide_package(folder: Path) -> Path:
    """The package of docs/extending.md, as its reader would type it."""
    for part in GUIDE.read_text(encoding="utf-8").split("\n```")[1::2]:
        language, _, code = part.partition("\n")
        name = language.partition(" ")[2]
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(code + "\n", encoding="utf-8")
    return folder


def install(package: Path, into: Path) -> None:
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(into)]
    subprocess.run([*line, str(package)], check=True, capture_output=True)


def command(installed: Path, *line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(installed), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, "-m", *line], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide's package, installed by pip into a folder."""
    folder = tmp_path_factory.mktemp("extension")
    install(guide_package(folder / "source"), folder / "installed")
    return folder / "installed"


def test_a_package_adds_a_system_a_regime_a_translator_and_a_collection(installed: Path, tmp_path: Path) -> None:
    line = ["--collection", "proverbs", "--lang", "yo", "--systems", "bm25-title,bm25-qt", "--translator", "shout"]
    done = command(installed, "optical_repro.run", *line, "--cache-dir", str(tmp_path / "cache"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "bm25-title" in done.stdout
    manifest = json.loads((tmp_path / "runs/proverbs.yo.test/bm25-title.manifest.json").read_text())
    assert manifest["settings"]["from packages"] == {"optical-proverbs": "1.0"}
    manifest = json.loads((tmp_path / "runs/proverbs.yo.test/bm25-qt.manifest.json").read_text())
    assert manifest["settings"]["from packages"] == {"optical-proverbs": "1.0"}  # whose translator it is
    topics = (tmp_path / "runs/proverbs.yo.test/bm25-qt.topics.tsv").read_text(encoding="utf-8")
    assert topics == "p1\tILÉ ỌBA TÓ JÓ\n"
    shown = command(installed, "optical_repro.regimes", "--lang", "yo", "--regime", "reversed", "--in-domain", "0", cwd=tmp_path)
    assert shown.returncode == 0 and "reversed: the words of English sentences in reverse" in shown.stdout, shown.stderr


def test_help_lists_what_a_package_adds(installed: Path, tmp_path: Path) -> None:
    listed = command(installed, "optical_repro.collections", cwd=tmp_path)
    assert "proverbs" in listed.stdout
    helped = command(installed, "optical_repro.run", "--help", cwd=tmp_path)
    assert "reversed" in helped.stdout


def test_what_a_package_adds_wrongly_is_left_out_and_told(tmp_path: Path) -> None:
    for name, code in WRONG.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    folder = tmp_path / "wrong-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong\nVersion: 1.0\n")
    points = "[optical_repro.regimes]\na = broken\nb = twice:MINE\nc = twice:NUMBER\n"
    (folder / "entry_points.txt").write_text(points)
    done = command(tmp_path, "optical_repro.run", "--version", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.strip()
    reasons = {
        "a": "it cannot be loaded (ImportError: no such library)",
        "b": "cs is there already",
        "c": "it is no Regime, nor a tuple of them",
    }
    assert done.stderr.splitlines() == [
        f"note: wrong (entry point {point} of optical_repro.regimes): left out: {reason}; mend or uninstall that package"
        for point, reason in reasons.items()
    ]


def test_a_registry_is_in_the_order_of_places() -> None:
    assert list(REGIMES) == ["bitext", "cs", "bt", "bt-en", "bt-phrase", "cs+bt", "none"]
    assert registry("optical_repro.training_text.regimes", Regime, "no.such.group") == REGIMES


def test_our_own_functions_come_from_no_extension() -> None:
    assert extension(REGIMES["cs"].pairs) == {}
    assert set(extension(pytest.fixture)) == {"pytest"}
