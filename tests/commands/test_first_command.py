"""The README's first command, with all defaults, as a newcomer runs it: its scores, its words, its size, and that it repeats."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from optical_repro.base.trec import read_qrels, read_run
from optical_repro.evaluation.metrics import evaluate
from optical_repro.reproduction.recorded import DEFAULT, read_tables

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@dataclass
class Command:
    """What a run of the command left."""

    folder: Path
    printed: str
    complaints: str
    peak_gigabytes: float


def first_command(folder: Path, cache: Path) -> Command:
    folder.mkdir()
    command = [sys.executable, "-m", "optical_repro.run", "--lang", "yo", "--regime", "cs"]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | {"OPTICAL_CACHE": str(cache)}
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=environment)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    printed, complaints = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
    assert process.returncode == 0, complaints
    unit = 1 if sys.platform == "darwin" else 1024
    return Command(folder, printed, complaints, used.ru_maxrss * unit / 2**30)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Command, Command]:
    base = tmp_path_factory.mktemp("first")
    return first_command(base / "one", base / "cache"), first_command(base / "two", base / "cache")


TOLERANCE = 0.005
"""The most that the README may allow MAP: that between Python 3.11 and 3.13, whose libraries are built otherwise."""


def test_scores_are_the_recorded_ones_as_near_as_the_readme_says(twice: tuple[Command, Command]) -> None:
    row = read_tables(DEFAULT)[0].row("first")
    qrels = read_qrels(twice[0].folder / "qrels" / "sample.yo.test.txt")
    runs = (twice[0].folder / "runs" / "sample.yo.test").glob("*.trec")
    scores = {run.stem: evaluate(qrels, read_run(run)) for run in runs}
    found = {(cell.system, cell.metric): sum(scores[cell.system][cell.metric].values()) / len(qrels) for cell in row.cells}
    assert found == {(cell.system, cell.metric): pytest.approx(cell.expected, abs=cell.tolerance) for cell in row.cells}
    assert scores.keys() == set(row.systems)


def test_the_readme_allows_map_no_more_than_there_is_between_machines() -> None:
    row = read_tables(DEFAULT)[0].row("first")
    assert {cell.tolerance for cell in row.cells if cell.metric == "map"} == {TOLERANCE}
    (line,) = [line for line in README.splitlines() if line.startswith("| `optical-cs` | .")]
    assert line.endswith("| ± .005 (MAP), .020 |")


def test_it_says_what_it_found_and_nothing_else(twice: tuple[Command, Command]) -> None:
    assert twice[0].complaints == ""
    for word in ("MAP", "dense-qt", "optical-cs", "significant", "report.html", "*.trec"):
        assert word in twice[0].printed
    for noise in ("WARN", "INFO", "Warning", "shards", "Loading"):
        assert noise not in twice[0].printed


def test_it_fits_a_small_machine(twice: tuple[Command, Command]) -> None:
    assert twice[0].peak_gigabytes < 4


def test_again_it_takes_all_from_the_cache(twice: tuple[Command, Command]) -> None:
    first, second = twice
    stages = re.findall(r"^  .{32} (.*)$", second.printed.split("\n\n")[1], re.MULTILINE)
    assert len(stages) > 8 and set(stages) == {"kept from before"}
    runs = sorted((first.folder / "runs" / "sample.yo.test").glob("*.trec"))
    assert {run.stem for run in runs} == set(read_tables(DEFAULT)[0].row("first").systems)
    for run in runs:
        assert run.read_bytes() == (second.folder / "runs" / "sample.yo.test" / run.name).read_bytes()
