"""The reproduce command: the package's tables and their document, and a tiny table that is recorded, made again, and missed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from optical_repro import __version__
from optical_repro.evaluation.findings import signed, value
from optical_repro.evaluation.questions import natural_baseline, question_pairs
from optical_repro.grid import parser as grid_parser
from optical_repro.grids.file import read_grid
from optical_repro.options import read as read_options
from optical_repro.reproduce import main
from optical_repro.reproduction import checking
from optical_repro.reproduction.document import as_markdown, in_readme
from optical_repro.reproduction.page import as_html
from optical_repro.reproduction.prose import origin
from optical_repro.reproduction.recorded import DEFAULT, Cell, Row, Table, narrow_to, read_tables, write_tables
from optical_repro.run import parser

ROOT = Path(__file__).parents[2]
SYSTEMS = ["bm25", "dense-qt", "optical-cs", "optical-bt"]
TINY = Table(
    1,
    "tiny",
    "that the command works",
    metrics=["map", "recall@100"],
    rows=[Row("yo", "Yorùbá", ["--lang", "yo", "--regime", "cs,bt", "--steps", "6", "--systems", ",".join(SYSTEMS)])],
)


class Recorded:
    """A tiny table that was run and recorded, with its cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.cache = folder, folder / "tiny.json", folder / "cache"
        write_tables(self.file, [TINY])

    def reproduce(self, *options: str, runs: str = "runs") -> int:
        places = ["--file", self.file, "--cache-dir", self.cache, "--runs-dir", self.folder / runs]
        return main(["--table", "1", *options, *map(str, places)])

    @property
    def row(self) -> Row:
        return read_tables(self.file)[0].rows[0]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    made = Recorded(tmp_path_factory.mktemp("reproduce"))
    assert made.reproduce("--record", "--write", str(made.folder / "TINY.md")) == 0
    return made


def test_the_readme_shows_the_recorded_scores() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "| `human`" in readme
    assert in_readme(readme, read_tables(DEFAULT)) == readme


def test_document_is_made_of_the_data_file() -> None:
    wanted = as_markdown(read_tables())
    assert (ROOT / "REPRODUCE.md").read_text("utf-8") == wanted, "run python -m optical_repro.reproduce --write"


def test_data_file_is_as_the_recorder_lays_it_out(tmp_path: Path) -> None:
    write_tables(tmp_path / "copy.json", read_tables())
    assert (tmp_path / "copy.json").read_text("utf-8") == DEFAULT.read_text("utf-8")


@pytest.mark.parametrize("row", [row for table in read_tables() for row in table.rows], ids=lambda row: row.name)
def test_every_command_is_one_that_its_module_understands(row: Row, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if row.module == "grid":
        monkeypatch.setenv("OPTICAL_DATA", "data")
        cells = read_grid(ROOT / grid_parser().parse_args(row.arguments).file, tmp_path, None).cells
        assert len(row.systems) in (0, len({(cell.lang, *cell.levels.values()) for cell in cells}) + len(row.baselines))
        return
    _, regimes, systems = read_options(parser().parse_args(row.arguments))
    assert regimes
    assert set(row.systems) <= set(systems or row.systems)


def test_recording_keeps_what_the_report_says(recorded: Recorded) -> None:
    report = json.loads((recorded.folder / "runs/table-1/yo/sample.yo.test/report.json").read_text())
    row = recorded.row
    assert set(row.systems) == set(SYSTEMS)
    for cell in row.cells:
        assert cell.expected == pytest.approx(report["systems"][cell.system][cell.metric], abs=1e-4)
    assert len(row.cells) == len(SYSTEMS) * len(TINY.metrics)
    assert row.baselines == ["dense-qt"]
    compared = next(made for made in report["comparisons"] if made["metric"] == "map" and {made["a"], made["b"]} == {"bm25", "dense-qt"})
    cell = row.cell("bm25", "map")
    assert cell and cell.p_adjusted == pytest.approx(compared["p_adjusted"], abs=1e-5)
    assert [(made.a, made.b) for made in row.differences] == [
        ("optical-cs", "optical-bt"),
        *((name, "dense-qt") for name in row.systems if name.startswith("optical-")),
    ]
    assert row.measured and row.measured.topics == report["topics"]
    assert row.measured.seconds and row.measured.memory_mb and row.measured.memory_mb > 100
    document = (recorded.folder / "TINY.md").read_text()
    assert document == as_markdown(read_tables(recorded.file))
    heading = r"\(by MAP; .*Holm-corrected over all pairs of the row\):\n\n"
    assert re.search(heading + r"- optical-cs \(\.\d+\) .* optical-bt \(\.\d+\): [+-]\.\d+ .*p [=<] .*corrected p [=<]", document)


def test_the_same_scores_are_ok(recorded: Recorded, capfd: pytest.CaptureFixture[str]) -> None:
    assert recorded.reproduce(runs="again") == 0
    printed = capfd.readouterr().out
    assert "optical-cs" in printed and "report.html" in printed, "what the command prints is streamed"
    assert printed.rstrip().endswith("Table 1: 8 ok, 0 off, 0 with nothing recorded, 0 not run, 0 commands failed")


def test_a_miss_is_told_and_ends_with_1(recorded: Recorded, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missed = Recorded(tmp_path)
    missed.cache = recorded.cache
    data = json.loads(recorded.file.read_text())
    cell = next(cell for cell in data["tables"][0]["rows"][0]["cells"] if (cell["system"], cell["metric"]) == ("bm25", "map"))
    cell["expected"] = round(cell["expected"] - 0.1, 4)
    missed.file.write_text(json.dumps(data))
    assert missed.reproduce() == 1
    printed = capfd.readouterr().out
    assert re.search(r"bm25 +\.\d+ off by \+0\.1000 +\.\d+ ok", printed)
    assert re.search(r"furthest from what was recorded: bm25, MAP, \+0\.1000\n  recorded on .+ Python 3.+; here .+ Python 3", printed)
    assert "7 ok, 1 off" in printed


GRID = """\
languages: [yo]
regimes: [cs, bt]
seeds: [42, 1]
baselines: [bm25, dense-qt]
arguments: {collection: sample, steps: 6}
"""


def test_a_grid_is_recorded_and_made_again(recorded: Recorded, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.yaml").write_text(GRID)
    made = Recorded(tmp_path)
    made.cache = recorded.cache
    row = Row("grid", "Which text?", [str(tmp_path / "tiny.yaml")], module="grid")
    write_tables(made.file, [replace(TINY, metrics=["map"], rows=[row])])
    assert made.reproduce("--record", "--write", str(tmp_path / "TINY.md")) == 0
    grid = json.loads((tmp_path / "runs/table-1/grid/grid.json").read_text())
    row = made.row
    assert row.baselines == ["yo: dense-qt"] and set(row.systems) == {"yo: dense-qt", "yo: cs", "yo: bt"}
    for setting in grid["settings"]:
        cell = row.cell(f"yo: {setting['levels']['training text']}", "map")
        assert cell and cell.expected == pytest.approx(setting["mean"]["map"], abs=1e-5)
        assert cell.deviation == pytest.approx(setting["deviation"]["map"], abs=1e-5)
        assert cell.p_adjusted == pytest.approx(setting["comparisons"]["map"]["p_adjusted"])
    [effect] = [made for made in row.differences if made.scope == "yo"]
    assert {effect.a, effect.b} == {"cs", "bt"}
    document = (tmp_path / "TINY.md").read_text()
    assert re.search(r"\| `yo: cs` \| \.\d+ ± \.\d+ \| ± \.020 \|", document) and "`yo: dense-qt` (baseline)" in document
    assert re.search(r"What matters, yo \(by MAP; .* over all pairs of the grid\):\n\n- cs .* bt: [+-]\.\d+ ", document)
    assert f"python -m optical_repro.grid {tmp_path / 'tiny.yaml'}" in as_html(read_tables(made.file))

    capfd.readouterr()
    assert made.reproduce(runs="again") == 0
    assert capfd.readouterr().out.rstrip().endswith("Table 1: 3 ok, 0 off, 0 with nothing recorded, 0 not run, 0 commands failed")
    assert made.reproduce("--record-from", str(tmp_path / "runs")) == 2
    assert "a grid is recorded as it runs" in capfd.readouterr().err


def test_a_row_is_recorded_from_a_finished_folder(recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sample.yo.test"
    shutil.copytree(recorded.folder / "runs/table-1/yo/sample.yo.test", folder)
    (folder / "bm25.manifest.json").unlink()
    fresh = Recorded(tmp_path)
    assert fresh.reproduce("--record-from", str(folder), "--memory", "2345") == 0
    assert "left out bm25: no manifest" in capsys.readouterr().out
    row = fresh.row
    assert set(row.systems) == set(SYSTEMS) - {"bm25"}
    assert all(recorded.row.cell(cell.system, cell.metric) == cell for cell in row.cells)
    assert row.measured and row.measured.memory_mb == 2345
    stages = json.loads((folder / "optical-bt.manifest.json").read_text())["seconds"]
    assert row.measured.seconds and 0 < row.measured.seconds <= round(sum(stages.values()))


def test_runs_of_another_command_are_not_recorded(recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Recorded(tmp_path)
    other.file.write_text(recorded.file.read_text().replace('"--steps", "6"', '"--steps", "7"'))
    assert other.reproduce("--record-from", str(recorded.folder / "runs/table-1/yo/sample.yo.test")) == 2
    assert "made with steps 6, the row says 7" in capsys.readouterr().err


def test_a_failing_command_ends_with_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failing = Recorded(tmp_path)
    failing.file.write_text(failing.file.read_text().replace('"yo", "--regime"', '"qqq", "--regime"'))
    assert failing.reproduce() == 1
    assert "1 commands failed" in capfd.readouterr().out


def test_what_cannot_run_says_why(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPTICAL_DATA", raising=False)
    for number, reason in (
        (2, "name yours with --data DIR"),
        (3, "name yours with --data DIR"),
        (5, "published by others"),
        (6, "it is text"),
    ):
        assert main(["--table", str(number), "--runs-dir", str(tmp_path)]) == 0
        assert reason in capsys.readouterr().out
    assert main(["--table", "2", "--runs-dir", str(tmp_path), "--data", str(tmp_path)]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    assert main(["--table", "9"]) == 2
    assert "no table 9; there are tables 1, 2" in capsys.readouterr().err
    assert main(["--table", "2", "--row", "haa", "--list"]) == 2
    assert "did you mean ha" in capsys.readouterr().err


def test_dry_run_prints_commands_for_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", "2", "--row", "ha", "--dry-run"]) == 0
    heading, command = capsys.readouterr().out.splitlines()
    assert heading.startswith("#")
    assert command.startswith("python -m optical_repro.run --lang ha --collection $OPTICAL_DATA/afriqa-gold --split test")


def test_a_cell_narrows_to_its_system() -> None:
    arguments = ["--lang", "yo", "--regime", "cs,bt", "--steps", "6", "--systems", "bm25,optical-cs"]
    assert narrow_to(arguments, "optical-cs") == ["--lang", "yo", "--steps", "6", "--systems", "optical-cs"]


def test_a_recorded_system_that_is_not_there_is_missed() -> None:
    row = Row("r", "r", [], cells=[Cell("bm25", "map", 0.5, 0.01)])
    checks = list(checking.checks(row, ["map"], {"systems": {"dense-zs": {"map": 0.4}}}))
    assert [(check.system, check.missed, check.verdict) for check in checks] == [
        ("bm25", True, "not there"),
        ("dense-zs", False, ".400 (nothing recorded)"),
    ]


def test_figures_in_the_verdicts_are_those_of_the_tables() -> None:
    tables = {made.number: made for made in read_tables(DEFAULT)}
    quoted = 0
    claims = [(claim.claim, claim.evidence) for made in tables.values() for claim in made.claims]
    claims += [("the answer", paragraph) for made in tables.values() for paragraph in made.answer]
    for claim, evidence in claims:
        named = [tables[int(number)] for number in re.findall(r"Table (\d)", evidence)]
        rows = [row for made in named for row in made.rows]
        differences = [made for row in rows for made in row.differences]
        p_values = {value(number) for made in differences for number in (made.p, made.p_adjusted)}
        assert set(re.findall(r"p = (\.\d{3})", evidence)) <= p_values, claim
        assert set(re.findall(r"[+-]\.\d{3}", evidence)) <= {signed(made.delta) for made in differences}, claim
        recorded = {value(cell.expected) for row in rows for cell in row.cells if cell.metric == "map"}
        figures = set(re.findall(r"(?<!< )(?<!p = )(?<![+-])\.\d{3}", evidence))
        assert figures <= recorded, claim
        quoted += len(figures)
    assert quoted > 5


def test_questions_are_like_against_like() -> None:
    systems = ["optical-cs-maxsim", "optical-bt-maxsim", "dense-qt-maxsim", "optical-cs+bt", "dense-nbest", "dense-qt", "bm25"]
    assert [pair for pairs in question_pairs(systems).values() for pair in pairs] == [
        ("optical-cs-maxsim", "optical-bt-maxsim"),
        ("optical-cs-maxsim", "dense-qt-maxsim"),
        ("optical-bt-maxsim", "dense-qt-maxsim"),
        ("optical-cs+bt", "dense-qt"),
        ("optical-cs+bt", "dense-nbest"),
    ]
    assert natural_baseline(systems) == "dense-qt-maxsim"
    assert natural_baseline(["human", "optical-cs", "bm25", "dense-nbest+bm25", "bm25-qt"]) == "dense-nbest+bm25"


def test_every_file_is_looked_for_before_the_first_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "afriqa-gold").mkdir()
    (tmp_path / "bitext").mkdir()
    for name in ("menyo20k", "lafand"):
        (tmp_path / f"bitext/{name}.yo-en.train.tsv").touch()
    assert main(["--table", "2", "--runs-dir", str(tmp_path / "runs"), "--data", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert "lafand.ha-en.train.tsv: no such file" in told.err and "$ python" not in told.out


def test_what_one_row_took_is_not_said_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", "2", "--record", "--seconds", "5"]) == 2
    assert "name it with --row" in capsys.readouterr().err


def test_a_page_is_not_written_over_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--html", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}: is a folder; expected the name of a file to write\n"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (('"number"', '"numbre"'), "numbre"),
        (('"arguments"', '"argument"'), "row 1: got an unexpected keyword argument 'argument'"),
        (('"map"', '"mapp"'), "did you mean map"),
        (('"tables": [', '"tables" ['), "not JSON"),
        (('"name": "yo"', '"name": "../yo"'), "the name '../yo'; expected letters"),
        (('"rows": [', '"rows": 5, "claims": ['), "rows is 5; expected list"),
        (('"number": 1', '"number": "1"'), "number is '1'; expected int"),
        (('"name": "yo"', '"name": "yo", "module": "rum"'), 'unknown module "rum"; did you mean run'),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], wrong: str) -> None:
    made = Recorded(tmp_path)
    made.file.write_text(made.file.read_text().replace(*change, 1))
    assert made.reproduce("--list") == 2
    error = capsys.readouterr().err
    assert str(made.file) in error and wrong in error and error.count("\n") == 1


class Page(HTMLParser):
    """What a page loads, and the commands that its cells open to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.cells: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.open.append(f"{tag}.{named.get('class', '')}")
        self.loaded += [value or "" for name, value in attributes if name in ("src", "href", "srcset", "action", "data")]
        if tag == "details" and named.get("class") == "cell":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().split(".")[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "details.cell" in self.open and self.open[-1] == "code.command":
            self.cells[-1] += data


def test_page_needs_nothing_else_and_every_cell_opens_to_its_command(recorded: Recorded, tmp_path: Path) -> None:
    assert recorded.reproduce("--html", str(tmp_path / "page.html")) == 0
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert all(link.startswith("#") for link in page.loaded)
    assert not re.search(r"https?://|@import|url\(|<link|<script[^>]", text)
    assert text.count("<script>") == 1, "the one that copies commands"
    row = recorded.row
    assert len(page.cells) == len(row.cells)
    for command, cell in zip(page.cells, row.cells, strict=True):
        assert command.replace(" \\\n  --", " --") == f"python -m optical_repro.run --lang yo --steps 6 --systems {cell.system}"


def test_page_of_all_tables_names_each(tmp_path: Path) -> None:
    text = as_html(read_tables())
    for table in read_tables():
        assert f'id="table-{table.number}"' in text
    assert not re.search(r"@import|url\(|<link|<script[^>]", text)


def test_rows_of_an_older_version_say_so() -> None:
    row = next(row for made in read_tables() for row in made.rows if row.measured)
    assert row.measured is not None
    now, before = (replace(row, measured=replace(row.measured, version=version)) for version in (__version__, "0.1"))
    assert "older version" not in origin(now) and f"version {__version__}" in origin(now)
    assert "version 0.1" in origin(before) and f"older version than this ({__version__})" in origin(before)


def parent_of(stat: Path) -> int | None:
    """A process's parent by /proc/PID/stat; None where the process has just ended."""
    with suppress(OSError):
        return int(stat.read_text().rpartition(")")[2].split()[1])
    return None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_command_of_a_row_ends_with_the_program_that_started_it(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from optical_repro.reproduction.running import run; run('run', ['--lang', 'yo'], Path('a'), Path('b'))"
    )
    program = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.DEVNULL)
    limit = time.monotonic() + 300
    while not (commands := [path.parent for path in Path("/proc").glob("[0-9]*/stat") if parent_of(path) == program.pid]):
        assert program.poll() is None and time.monotonic() < limit
        time.sleep(0.05)
    program.send_signal(number)
    program.wait()
    while any(command.exists() for command in commands):
        assert time.monotonic() < limit
        time.sleep(0.05)
