"""``python -m optical_repro.reproduce --table N``: makes a table of REPRODUCE.md again, from nothing, and checks every score."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .base.errors import InputError
from .base.files import whole
from .base.terminal import Parser, duration, run_command, say
from .reproduction.recorded import DEFAULT, Row, Table, command, read_tables, table, write_tables

if TYPE_CHECKING:
    from .reproduction.checking import Check

EXPLAINED = """\
Runs the commands of a table, into folders and a cache of their own, and compares each score with the one recorded:
`ok`, or `off by` how much. Exit status: 0 all that ran is ok, or did not run for a reason that is told; 1 a score is off or a
command failed; 2 bad arguments or input.

examples:
  python -m optical_repro.reproduce --list
  python -m optical_repro.reproduce --table 1
  python -m optical_repro.reproduce --table 2 --row ha --data my/data --cache-dir my/cache
  python -m optical_repro.reproduce --html reproduce.html

for maintainers:
  python -m optical_repro.reproduce --table 1 --record --write
      runs the table, records scores, time, memory, machine and date, and writes REPRODUCE.md
  python -m optical_repro.reproduce --table 2 --row ha --record-from runs/afriqa-gold.ha.test --seconds 2100 --memory 3000 --write
      records a row from a finished folder of runs, made by the row's command
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    statuses: list[int] = []
    return run_command(lambda: statuses.append(reproduce(arguments))) or statuses[0]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = Parser(prog="python -m optical_repro.reproduce", description=EXPLAINED)
    what = made.add_argument_group("what").add_argument
    what("--table", type=int, metavar="N", help="the table to make (default: --list)")
    what("--row", metavar="NAME", help="this row of it alone")
    what("--list", action="store_true", help="print what there is, and stop")
    what("--dry-run", action="store_true", help="print the commands, and stop")
    what("--html", type=Path, metavar="FILE", help="write the recorded tables (or --table's) as a page, and stop")
    where = made.add_argument_group("where").add_argument
    data = os.environ.get("OPTICAL_DATA") or None
    where("--data", type=Path, default=data, metavar="DIR", help="your folder of data (default: $OPTICAL_DATA)")
    where("--network", action="store_true", help="run also what downloads a collection")
    where("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="runs go into DIR/table-N/ROW, emptied first (default: runs)")
    where("--cache-dir", type=Path, metavar="DIR", help="finished stages; kept (default: an empty one, removed afterwards)")
    where("--file", type=Path, default=DEFAULT, metavar="FILE", help="the tables (default: those of the package)")
    record = made.add_argument_group("for maintainers").add_argument
    record("--record", action="store_true", help="write the scores that come out into the tables' file, in place of checking them")
    record("--record-from", type=Path, metavar="DIR", help="the same for --row, from a finished folder of runs")
    record(
        "--seconds",
        type=float,
        metavar="S",
        help="what the command took from nothing (default: measured, or the sum of --record-from's stages)",
    )
    record("--memory", type=int, metavar="MB", help="the most memory it took (default: measured; not known to --record-from)")
    record("--write", type=Path, nargs="?", const=Path("REPRODUCE.md"), metavar="FILE", help="write the document (default: REPRODUCE.md)")
    return made


def reproduce(arguments: argparse.Namespace) -> int:
    """Does what the arguments ask for; returns the exit status."""
    tables = read_tables(arguments.file)
    chosen = [table(tables, arguments.table)] if arguments.table is not None else tables
    if arguments.row:
        if arguments.table is None:
            raise InputError("--row names a row of one table; give it with --table N")
        chosen = [replace(chosen[0], rows=[chosen[0].row(arguments.row)])]
    if (arguments.record or arguments.record_from) and arguments.table is None:
        raise InputError("--record and --record-from need --table N")
    if (arguments.seconds or arguments.memory) and [len(made.rows) for made in chosen] != [1]:
        raise InputError("--seconds and --memory are what one row took; name it with --row")

    status = 0
    if arguments.list:
        list_tables(chosen)
    elif arguments.dry_run:
        list_commands(chosen)
    elif arguments.html:
        from .reproduction.page import as_html

        write(arguments.html, as_html(chosen))
    elif arguments.record_from:
        record_from_folder(arguments, chosen[0])
    elif arguments.table is not None and (arguments.record or not arguments.write):
        status = run_table(arguments, chosen[0])
    elif not arguments.write:
        list_tables(chosen)
    if arguments.write:
        write_document(arguments)
    return status


def list_tables(tables: list[Table]) -> None:
    """Prints what there is."""
    for made in tables:
        state = "nothing to run: " + made.missing if made.missing else f"needs {made.needs}" if made.rows else "text, nothing to run"
        say(f"{made.number}  {made.title} ({state})")
        for row in made.rows:
            state = "" if row.measured else " (published figures)" if row.cells else " (nothing recorded)"
            say(f"     --row {row.name:18} {row.title}{state}")


def list_commands(tables: list[Table]) -> None:
    """Prints the commands, to be typed or piped into a shell."""
    for made in tables:
        for row in made.rows:
            say(f"# table {made.number}, {row.title}\n{row.command}")


def run_table(arguments: argparse.Namespace, made: Table) -> int:
    """Runs the rows of a table, checks or records each; returns 1 if a score was missed or a command failed."""
    say(f"Table {made.number}: {made.title}")
    for figure in made.published:
        say(f"  not run: {figure.collection}, {figure.system}, {figure.metric} {figure.score:.4f}: published by others; {figure.command}")
    if made.missing or not made.rows:
        say(f"  not run: {made.missing or 'it is text, made of other tables'}")
        return 0
    from .reproduction import running

    # Every file is looked for before the first row takes its time.
    given = {row.name: running.with_data(row, arguments.data) for row in made.rows if not why_not(row, arguments)}
    checks: list[Check] = []
    failed, not_run = 0, 0
    with cache_folder(arguments) as cache:
        for row in made.rows:
            if row.name not in given:
                say(f"\n{row.title}: not run: {why_not(row, arguments)}")
                not_run += max(1, len(row.cells))
            elif (checked := run_row(arguments, made, row, given[row.name], cache)) is None:
                failed += 1
            else:
                checks += checked
    off, ok = sum(check.missed for check in checks), sum(check.cell is not None and not check.missed for check in checks)
    new = len(checks) - off - ok
    say(f"\nTable {made.number}: {ok} ok, {off} off, {new} with nothing recorded, {not_run} not run, {failed} commands failed")
    return int(failed > 0 or off > 0)


def why_not(row: Row, arguments: argparse.Namespace) -> str:
    """Why a row does not run here; empty if it does."""
    if row.needs_data and not arguments.data:
        return "it needs a folder of data; name yours with --data DIR or $OPTICAL_DATA"
    if row.network and not arguments.network:
        return "it downloads a collection; allow it with --network"
    return ""


def run_row(arguments: argparse.Namespace, made: Table, row: Row, given: list[str], cache: Path) -> list[Check] | None:
    """Runs a row with its arguments, and prints each score against the one recorded, or records it; None where the command failed."""
    from .evaluation.tables import HEADINGS
    from .reproduction import checking, recording, running

    say(f"\n{row.title}\n$ {command(given, row.module)}\n")
    outcome = running.run(row.module, given, arguments.runs_dir / f"table-{made.number}" / row.name, cache)
    if not outcome.report:
        say(f"\n{row.title}: failed with exit status {outcome.status}")
        return None
    say(f"\n{row.title}: {duration(outcome.seconds)}, {outcome.memory_mb:,} MB at most")
    if arguments.record:
        today = date.today().isoformat()
        seconds, memory = arguments.seconds or outcome.seconds, arguments.memory or outcome.memory_mb
        row = recording.recorded(row, made.metrics, outcome.report, seconds, memory, today)
        record(arguments.file, made.number, row)
    checks = list(checking.checks(row, made.metrics, outcome.report))
    say(checking.as_text(checks))
    if (most := checking.furthest(checks)) and row.measured and not arguments.record:
        say(f"  furthest from what was recorded: {most.system}, {HEADINGS[most.metric]}, {most.difference:+.4f}")
        say(f"  recorded on {row.measured.machine}, with version {row.measured.version}; here {running.machine()}, {__version__}")
    return checks


@contextmanager
def cache_folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """The cache that the user named, or an empty one that is removed afterwards."""
    if arguments.cache_dir:
        yield arguments.cache_dir
        return
    arguments.runs_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cache-", dir=arguments.runs_dir) as empty:
        say("From nothing, with an empty cache; to go on after an interruption, name one with --cache-dir DIR.")
        try:
            yield Path(empty)
        except KeyboardInterrupt:
            print("\ninterrupted; the cache was this table's own and is gone: name one with --cache-dir DIR to keep it", file=sys.stderr)
            raise SystemExit(130) from None


def record_from_folder(arguments: argparse.Namespace, made: Table) -> None:
    """Records a row from a finished folder of runs."""
    from .reproduction import recording

    if len(made.rows) != 1:
        raise InputError(f"--record-from records one row; name it with --row: {', '.join(row.name for row in made.rows)}")
    row = made.rows[0]
    report, seconds, day, remarks = recording.from_folder(arguments.record_from, row)
    for remark in remarks:
        say(remark)
    row = recording.recorded(row, made.metrics, report, arguments.seconds or seconds, arguments.memory, day)
    record(arguments.file, made.number, row)


def record(path: Path, number: int, row: Row) -> None:
    """Writes the tables' file with a row in the place of the one of its name."""
    changed = []
    for made in read_tables(path):
        rows = [row if other.name == row.name and made.number == number else other for other in made.rows]
        changed.append(replace(made, rows=rows))
    write_tables(path, changed)
    say(f"recorded {len(row.cells)} scores of table {number}, {row.title} in {path}")


def write_document(arguments: argparse.Namespace) -> None:
    """Writes the document, and the table in the README beside it, from the tables' file as it is now."""
    from .reproduction.document import as_markdown, in_readme

    tables = read_tables(arguments.file)
    write(arguments.write, as_markdown(tables))
    readme = arguments.write.with_name("README.md")
    if readme.is_file():
        write(readme, in_readme(readme.read_text(encoding="utf-8"), tables))


def write(path: Path, text: str) -> None:
    """Writes a file, complete or not at all, and says so."""
    with whole(path) as file:
        file.write(text)
    say(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(main())
