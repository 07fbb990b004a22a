"""The site: its pages exist, and the cookbook's commands do."""

from __future__ import annotations

import gzip
import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from optical_repro import collections

ROOT = Path(__file__).parents[2]
COOKBOOK = (ROOT / "docs/cookbook.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", COOKBOOK, re.DOTALL)
COMMANDS = [line.strip(" &") for block in BLOCKS for line in block.splitlines() if "-m optical_repro" in line]


def pages(nav: Any) -> list[str]:
    """The pages that a navigation names, in its order."""
    if isinstance(nav, str):
        return [nav]
    return [page for part in (nav.values() if isinstance(nav, dict) else nav) for page in pages(part)]


def test_every_page_of_the_site_is_there_and_every_guide_is_on_it() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    made = dict(
        re.findall(r'^    "([\w-]+\.md)": "([\w/]+\.md)",$', (ROOT / "docs/site_pages.py").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert len(made) == 5 and all((ROOT / source).is_file() for source in made.values())
    named = pages(config["nav"])
    assert len(named) == len(set(named))
    assert set(named) == {path.name for path in (ROOT / "docs").glob("*.md")} | made.keys()
    assert all((ROOT / hook).is_file() for hook in config["hooks"])


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_cookbook_exists(line: str) -> None:
    words = [word for word in shlex.split(line) if not re.match("[A-Z_]+=", word)]
    assert words[:2] == ["python", "-m"]
    module = importlib.import_module(f"{words[2]}.__main__" if words[2].endswith("collections") else words[2])
    module.parser().parse_args(words[3:])  # Ends with an error for an option that does not exist.


def test_the_cookbook_has_its_recipes() -> None:
    assert len(COMMANDS) > 8
    assert {"MIRACL from a local copy", "A machine with GPUs"} <= set(re.findall("^## (.*)$", COOKBOOK, re.MULTILINE))


def test_miracl_from_a_local_copy_is_read_as_the_recipe_lays_it_out(tmp_path: Path) -> None:
    recipe = next(block for block in BLOCKS if "docs-*.jsonl.gz" in block)
    for name in ("miracl-corpus-v1.0-yo", "miracl-v1.0-yo/topics", "miracl-v1.0-yo/qrels"):
        (tmp_path / name).mkdir(parents=True)
    for number in (0, 1):
        record = json.dumps({"docid": f"{number}#0", "title": "Èkó", "text": "Ìlú ni."})
        (tmp_path / f"miracl-corpus-v1.0-yo/docs-{number}.jsonl.gz").write_bytes(gzip.compress(record.encode() + b"\n"))
    (tmp_path / "miracl-v1.0-yo/topics/topics.miracl-v1.0-yo-dev.tsv").write_text("7\tKí ni olú-ìlú?\n", encoding="utf-8")
    (tmp_path / "miracl-v1.0-yo/qrels/qrels.miracl-v1.0-yo-dev.tsv").write_text("7\tQ0\t1#0\t1\n", encoding="utf-8")
    script = "set -e\n" + "\n".join(line for line in recipe.splitlines() if not line.startswith("python"))
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True)
    collection = collections.load(str(tmp_path / "my/miracl"), "yo", "dev")
    assert (collection.name, collection.doc_lang, collection.license) == ("miracl.yo.dev", "yo", "Apache-2.0")
    assert [passage.id for passage in collection.passages()] == ["0#0", "1#0"] and collection.qrels == {"7": {"1#0": 1}}


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="MkDocs is not installed (make docs installs it)")
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed (make docs installs it)")
    line = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "Two commands" in index and 'href="own-language/"' in index
    assert not re.search(r'href="[^"]*(optical_repro/|README)', index), "what is no page is no link"
    assert '<section id="answer">' in (tmp_path / "site/scores.html").read_text(encoding="utf-8")
    assert "Raises InputError" in (tmp_path / "site/api/index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "site/site_pages.py").exists()
