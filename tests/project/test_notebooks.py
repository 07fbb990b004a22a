"""The notebooks run from beginning to end as they stand, and show what they showed when they were saved."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def kinds(notebook: nbformat.NotebookNode) -> list[set[str]]:
    """What each code cell puts out: text, pictures."""
    shown = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            data = {form for output in cell.outputs for form in output.get("data", {}) if form.startswith("image/")}
            shown.append(data | {output.name for output in cell.outputs if output.output_type == "stream"})
    return shown


def untrained(notebook: nbformat.NotebookNode) -> list[str]:
    """The scores that it shows of systems that no training makes, the first of each row."""
    texts = [output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stdout"]
    return [" ".join(found) for text in texts for found in re.findall(r"^ *((?:bm25|dense)-(?:qt|zs)) +(\.\d{3})", text, re.MULTILINE)]


def test_there_are_four() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_saved_outputs_are_whole(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(form.startswith("image/") for shown in kinds(notebook) for form in shown)
    assert not any(cell.source.lstrip().startswith(("!", "%")) or "subprocess" in cell.source for cell in cells)
    text = path.read_text("utf-8")
    assert '"stderr"' not in text and str(ROOT) not in text and str(Path.home()) not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, without a network, on the stages that other tests have made."""
    monkeypatch.setenv("OPTICAL_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
    saved = nbformat.read(path, 4)
    again = NotebookClient(
        nbformat.read(path, 4), timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in again.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert kinds(again) == kinds(saved)
    assert untrained(again) == untrained(saved)
