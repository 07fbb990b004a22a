"""The layout of the package: what stands at its root, how large its files are, and that imports point one way."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "optical_repro"
MODULES = sorted(PACKAGE.rglob("*.py"))
COMMANDS = {"run", "compare", "grid", "reproduce", "search", "align", "regimes", "pyserini", "share", "export"}
LONGEST_MODULE, LONGEST_CLASS = 350, 200
"""Lines."""
WITH_EXAMPLES = [path for path in MODULES if "\n    >>> " in path.read_text(encoding="utf-8")]


def test_the_root_holds_commands_and_rooms() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == COMMANDS | {"api", "options", "__init__", "__main__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_and_no_class_is_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_CLASS, node.name


def test_no_two_files_of_one_room_after_another_have_one_name() -> None:
    """``evaluation/words.py`` beside ``bitext/words.py`` says nothing of either."""
    puzzling = {"words", "tables", "page", "topics", "memory", "lexical"}
    seen: dict[str, list[str]] = {}
    for path in MODULES:
        if path.stem in puzzling:
            seen.setdefault(path.stem, []).append(str(path.relative_to(PACKAGE)))
    expected = {
        "words": ["base/words.py", "experiment/words.py"],  # the tokeniser; an experiment's bitext and lexicon
        "topics": ["collections/topics.py", "experiment/topics.py"],  # their files; as retrievers read them
        "tables": ["evaluation/tables.py"],
        "page": ["reproduction/page.py"],
        "memory": ["translate/memory.py"],
        "lexical": ["translate/lexical.py"],
    }
    assert seen == expected


def test_imports_point_one_way(tmp_path: Path) -> None:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    line = [sys.executable, "-c", program, "--config", str(ROOT / "setup.cfg"), "--cache-dir", str(tmp_path)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_examples_in_docstrings_hold(path: Path) -> None:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.attempted and not result.failed
