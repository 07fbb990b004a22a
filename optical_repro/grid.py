"""``python -m optical_repro.grid FILE.yaml``: trains every combination of a grid, and reports which factor matters."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import options
from .base.errors import InputError
from .base.system_names import MAXSIM
from .base.terminal import Parser, duration, log_path, run_command, say
from .engines.engine import Engine, connect
from .engines.engine import check as check_engine
from .grids.file import EXPECTED, Cell, Grid, read_grid
from .run import compile_metrics_beside, prepare

if TYPE_CHECKING:
    from .grids.factors import Trial

EXPLAINED = """\
Trains a student for every combination of the levels that FILE.yaml names (training text, objective, pre-training, seed,
language) and reports, in one place: each setting's mean and standard deviation over the seeds, its difference from the best
baseline, and how much each factor matters, with paired tests over topics, Holm-corrected.

Ctrl-C or a kill loses nothing: the same command goes on from there. The runs are those of the commands that --dry-run
prints, in folders with a report each, and each student has its model card; the report of all is grid.txt, .md, .csv and .json
beside them.
"""

EXAMPLES = """
examples:
  python -m optical_repro.grid grids/sample.yaml --dry-run
  python -m optical_repro.grid grids/sample.yaml
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: run_grid(arguments), arguments.cache_dir)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    keys = "\n".join(f"  {key:11}{meaning}" for key, meaning in EXPECTED.items())
    parser = Parser(prog="python -m optical_repro.grid", description=EXPLAINED, epilog=f"keys of the file:\n{keys}\n{EXAMPLES}")
    add = parser.add_argument
    add("file", type=Path, metavar="FILE.yaml", help="the grid")
    add("--maxsim", action="store_true", help="score students and dense baselines with late interaction, into FILE-maxsim")
    add(
        "--lang",
        metavar="CODE",
        help="make only the cells of this language, without the report; so that several processes can share a grid",
    )
    add("--seed", type=int, metavar="N", help="make only the cells of this seed, without the report")
    add("--variant", metavar="NAME", help="make only the cells of this variant or objective, without the report")
    add("--dry-run", action="store_true", help="print the command of each cell, and stop")
    add("--data", type=Path, metavar="DIR", help="what $OPTICAL_DATA in the file stands for (default: the variable)")
    add("--runs-dir", type=Path, metavar="DIR", help="run files and reports (default: runs/grids/FILE, or FILE-maxsim)")
    add("--cache-dir", type=Path, metavar="DIR", help="finished stages (default: run's)")
    meaning = "what makes the cells: this process, one after the other (local), or a Ray cluster, side by side (ray, ray:ADDRESS)"
    options.add(add, "engine", engine=f"{meaning}; docs/cluster.md (default: %(default)s)")
    return parser


def run_grid(arguments: argparse.Namespace) -> None:
    """Trains and scores all cells, then reports the grid."""
    check_engine(arguments.engine)
    if arguments.data:
        os.environ["OPTICAL_DATA"] = str(arguments.data)
    folder = arguments.runs_dir or Path("runs/grids") / (arguments.file.stem + (MAXSIM if arguments.maxsim else ""))
    whole_grid = read_grid(arguments.file, folder, arguments.cache_dir, arguments.maxsim)
    grid = part(whole_grid, arguments.lang, arguments.seed, arguments.variant)
    if arguments.dry_run:
        say("\n".join(cell.command for cell in grid.cells))
        return
    # Cells that differ only by seed need one check.
    checked = [prepare(cell.namespace()) for cell in {(cell.lang, *cell.levels.values()): cell for cell in grid.cells}.values()]
    engine, device = connect(arguments.engine), checked[0][0].models.device
    say(f"{grid.name}: {len(grid.cells)} cells; what was done before is taken from the cache\n")
    compiling = compile_metrics_beside()
    names = make_cells(grid, engine, device)
    compiling.wait()
    if grid != whole_grid:
        say("no report: the same command without --lang, --seed and --variant writes it")
        return

    from .cards import card
    from .evaluation.report import write_report
    from .experiment.systems import meaning
    from .grids.factor_tables import write_factors
    from .grids.factors import read_factors

    trials = [trial(cell, name, grid.baselines) for cell, name in zip(grid.cells, names, strict=True)]
    for runs, qrels in dict.fromkeys((trial.run.parent, trial.qrels) for trial in trials):
        write_report(runs, qrels, meaning=meaning)
        card.write_all(runs)
    say(write_factors(read_factors(grid.name, trials), folder))


def part(grid: Grid, lang: str | None, seed: int | None, variant: str | None) -> Grid:
    """The cells of a language, a seed, and a variant or objective; raises InputError if there are none."""
    cells = [
        cell
        for cell in grid.cells
        if lang in (None, cell.lang) and seed in (None, cell.seed) and variant in (None, cell.variant or cell.objective)
    ]
    if not cells:
        given = {"lang": lang, "seed": seed, "variant": variant}
        wanted = " ".join(f"--{name} {value}" for name, value in given.items() if value is not None)
        raise InputError(f"{wanted}: {grid.name} has no such cell; it has {', '.join(sorted({cell.title for cell in grid.cells})[:3])} ...")
    return replace(grid, cells=cells)


def make_cells(grid: Grid, engine: Engine, device: str = "cpu") -> list[str]:
    """Makes the runs of every cell and prints a line of progress for each; returns the names of the cells' collections."""
    names: list[str] = []
    started, computed = time.monotonic(), 0
    width = max(len(cell.title) for cell in grid.cells)

    def cells() -> Iterator[Cell]:
        for number, cell in enumerate(grid.cells, 1):
            if not engine.parallel:
                say(f"{number:>4}/{len(grid.cells)}  {cell.title:{width}}  ...")
            yield cell

    for number, (cell, made) in enumerate(zip(grid.cells, engine.map(lambda: make_cell, cells(), device), strict=True), 1):
        names.append(made.collection)
        computed += made.worked
        left = (time.monotonic() - started) / computed * (len(grid.cells) - number) if computed else 0.0
        time_text = duration(made.seconds) if made.worked else "kept from before"
        say(f"{number:>4}/{len(grid.cells)}  {cell.title:{width}}  {time_text}{f'; about {duration(left)} left' if left else ''}")
    say(f"\n{len(names)} cells in {duration(time.monotonic() - started)}")
    return names


class Made(NamedTuple):
    """What is told of a cell that is made."""

    collection: str
    """Its name, with language and split."""
    seconds: float
    worked: bool
    """Whether a stage was computed, not only taken from the cache."""


def make_cell(cell: Cell) -> Made:
    """Makes the runs of a cell."""
    from .experiment.publishing import publish_all

    started = time.monotonic()
    arguments = cell.namespace()
    with log_path().open("a", encoding="utf-8") as log, redirect_stdout(log):
        experiment, systems = prepare(arguments)
        publish_all(experiment, systems, arguments.runs_dir, arguments.qrels_dir, cell.command, vars(arguments))
    return Made(experiment.collection.name, time.monotonic() - started, experiment.worked)


def trial(cell: Cell, name: str, baselines: list[str]) -> Trial:
    """The paths of a cell's runs on the collection of this name."""
    from .grids.factors import Trial

    arguments = cell.namespace()
    runs = arguments.runs_dir / name
    qrels = arguments.qrels_dir / f"{name}.txt"
    return Trial(
        name, cell.levels, cell.seed, runs / f"{cell.system}.trec", qrels, {system: runs / f"{system}.trec" for system in baselines}
    )


if __name__ == "__main__":
    raise SystemExit(main())
