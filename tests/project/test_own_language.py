"""The guide for a language of one's own, docs/own-language.md: every command of it, in its order, as a new user would type it."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def commands() -> list[str]:
    """The blocks of shell in the guide."""
    return re.findall(r"^```bash\n(.*?)^```$", (DOCS / "own-language.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_every_command_of_the_guide(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    place = tmp_path / "project"
    place.mkdir()
    (place / "docs").symlink_to(DOCS)
    environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "OPTICAL_CACHE": str(cache)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    said = []
    for block in commands():
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    assert len(said) == 10

    report = json.loads((place / "runs/tokpisin.tpi.test/report.json").read_text())
    assert (report["topics"], report["lang"], report["doc_lang"]) == (12, "tpi", "en")
    assert {"bm25", "bm25-qt", "dense-zs", "dense-qt", "optical-cs", "optical-cs+bm25", "human"} <= set(report["systems"])
    assert report["systems"]["human"]["map"] > 0.9
    assert (place / "runs/tokpisin.tpi.test/report.html").is_file()
    together = "\n".join(said)
    for promised in ("of 65 pairs kept; dropped by length", "Bees live in a hollow trunk", "student  ", "licence"):
        assert promised in together, promised
