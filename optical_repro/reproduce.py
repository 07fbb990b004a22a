"""``python -m optical_repro.reproduce --table N``: reproduces a table of REPRODUCE.md from scratch, and checks every score."""

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
from .reproduction.recorded import DEFAULT, Row, Table, command, find_table, read_tables, write_tables

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
    parser = Parser(prog="python -m optical_repro.reproduce", description=EXPLAINED)
    what = parser.add_argument_group("what").add_argument
    what("--table", type=int, metavar="N", help="the table to make (default: --list)")
    what("--row", metavar="NAME", help="this row of it alone")
    what("--list", action="store_true", help="print what there is, and stop")
    what("--dry-run", action="store_true", help="print the commands, and stop")
    what("--html", type=Path, metavar="FILE", help="write the recorded tables (or --table's) as a page, and stop")
    where = parser.add_argument_group("where").add_argument
    data = os.environ.get("OPTICAL_DATA") or None
    where("--data", type=Path, default=data, metavar="DIR", help="your folder of data (default: $OPTICAL_DATA)")
    where("--network", action="store_true", help="run also what downloads a collection")
    where("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="runs go into DIR/table-N/ROW, emptied first (default: runs)")
    where("--cache-dir", type=Path, metavar="DIR", help="finished stages; kept (default: an empty one, removed afterwards)")
    where("--file", type=Path, default=DEFAULT, metavar="FILE", help="the tables (default: those of the package)")
    record = parser.add_argument_group("for maintainers").add_argument
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
    return parser


def reproduce(arguments: argparse.Namespace) -> int:
    """Does what the arguments ask for; returns the exit status."""
    tables = read_tables(arguments.file)
    selection = [find_table(tables, arguments.table)] if arguments.table is not None else tables
    if arguments.row:
        if arguments.table is None:
            raise InputError("--row names a row of one table; give it with --table N")
        selection = [replace(selection[0], rows=[selection[0].row(arguments.row)])]
    if (arguments.record or arguments.record_from) and arguments.table is None:
        raise InputError("--record and --record-from need --table N")
    if (arguments.seconds or arguments.memory) and [len(table.rows) for table in selection] != [1]:
        raise InputError("--seconds and --memory are what one row took; name it with --row")

    status = 0
    if arguments.list:
        list_tables(selection)
    elif arguments.dry_run:
        list_commands(selection)
    elif arguments.html:
        from .reproduction.page import as_html

        write(arguments.html, as_html(selection))
    elif arguments.record_from:
        record_from_folder(arguments, selection[0])
    elif arguments.table is not None and (arguments.record or not arguments.write):
        status = run_table(arguments, selection[0])
    elif not arguments.write:
        list_tables(selection)
    if arguments.write:
        write_document(arguments)
    return status


def list_tables(tables: list[Table]) -> None:
    """Prints the tables, their rows, and what they need."""
    for table in tables:
        state = "nothing to run: " + table.missing if table.missing else f"needs {table.needs}" if table.rows else "text, nothing to run"
        say(f"{table.number}  {table.title} ({state})")
        for row in table.rows:
            state = "" if row.measured else " (published figures)" if row.cells else " (nothing recorded)"
            say(f"     --row {row.name:18} {row.title}{state}")


def list_commands(tables: list[Table]) -> None:
    """Prints the commands, for a shell."""
    for table in tables:
        for row in table.rows:
            say(f"# table {table.number}, {row.title}\n{row.command}")


def run_table(arguments: argparse.Namespace, table: Table) -> int:
    """Runs the rows of a table, checks or records each; returns 1 if a score was missed or a command failed."""
    say(f"Table {table.number}: {table.title}")
    for figure in table.published:
        say(f"  not run: {figure.collection}, {figure.system}, {figure.metric} {figure.score:.4f}: published by others; {figure.command}")
    if table.missing or not table.rows:
        say(f"  not run: {table.missing or 'it is text, made of other tables'}")
        return 0
    from .reproduction import running

    # All files are checked before the first row starts.
    row_arguments = {row.name: running.with_data(row, arguments.data) for row in table.rows if not why_not(row, arguments)}
    checks: list[Check] = []
    failed, skipped = 0, 0
    with cache_folder(arguments) as cache:
        for row in table.rows:
            if row.name not in row_arguments:
                say(f"\n{row.title}: not run: {why_not(row, arguments)}")
                skipped += max(1, len(row.cells))
            elif (new_checks := run_row(arguments, table, row, row_arguments[row.name], cache)) is None:
                failed += 1
            else:
                checks += new_checks
    off, ok = sum(check.missed for check in checks), sum(check.cell is not None and not check.missed for check in checks)
    new = len(checks) - off - ok
    say(f"\nTable {table.number}: {ok} ok, {off} off, {new} with nothing recorded, {skipped} not run, {failed} commands failed")
    return int(failed > 0 or off > 0)


def why_not(row: Row, arguments: argparse.Namespace) -> str:
    """Why a row cannot run with these arguments; empty if it can."""
    if row.needs_data and not arguments.data:
        return "it needs a folder of data; name yours with --data DIR or $OPTICAL_DATA"
    if row.network and not arguments.network:
        return "it downloads a collection; allow it with --network"
    return ""


def run_row(arguments: argparse.Namespace, table: Table, row: Row, row_arguments: list[str], cache: Path) -> list[Check] | None:
    """Runs a row with its arguments, and prints each score against the one recorded, or records it; None where the command failed."""
    from .evaluation.tables import HEADINGS
    from .reproduction import checking, recording, running

    say(f"\n{row.title}\n$ {command(row_arguments, row.module)}\n")
    outcome = running.run(row.module, row_arguments, arguments.runs_dir / f"table-{table.number}" / row.name, cache)
    if not outcome.report:
        say(f"\n{row.title}: failed with exit status {outcome.status}")
        return None
    say(f"\n{row.title}: {duration(outcome.seconds)}, {outcome.memory_mb:,} MB at most")
    if arguments.record:
        today = date.today().isoformat()
        seconds, memory = arguments.seconds or outcome.seconds, arguments.memory or outcome.memory_mb
        row = recording.with_scores(row, table.metrics, outcome.report, seconds, memory, today)
        record(arguments.file, table.number, row)
    checks = list(checking.checks(row, table.metrics, outcome.report))
    say(checking.as_text(checks))
    if (worst := checking.furthest(checks)) and row.measured and not arguments.record:
        say(f"  furthest from what was recorded: {worst.system}, {HEADINGS[worst.metric]}, {worst.difference:+.4f}")
        say(f"  recorded on {row.measured.machine}, with version {row.measured.version}; here {running.machine()}, {__version__}")
    return checks


@contextmanager
def cache_folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """The user's cache, or an empty one that is removed afterwards."""
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


def record_from_folder(arguments: argparse.Namespace, table: Table) -> None:
    """Records a row from a finished folder of runs."""
    from .reproduction import recording

    if len(table.rows) != 1:
        raise InputError(f"--record-from records one row; name it with --row: {', '.join(row.name for row in table.rows)}")
    row = table.rows[0]
    report, seconds, day, remarks = recording.from_folder(arguments.record_from, row)
    for remark in remarks:
        say(remark)
    row = recording.with_scores(row, table.metrics, report, arguments.seconds or seconds, arguments.memory, day)
    record(arguments.file, table.number, row)


def record(path: Path, number: int, row: Row) -> None:
    """Writes the tables' file with a row in place of the one of the same name."""
    tables = []
    for table in read_tables(path):
        rows = [row if other.name == row.name and table.number == number else other for other in table.rows]
        tables.append(replace(table, rows=rows))
    write_tables(path, tables)
    say(f"recorded {len(row.cells)} scores of table {number}, {row.title} in {path}")


def write_document(arguments: argparse.Namespace) -> None:
    """Writes the document, and the table in the README beside it, from the current tables' file."""
    from .reproduction.document import as_markdown, in_readme

    tables = read_tables(arguments.file)
    write(arguments.write, as_markdown(tables))
    readme = arguments.write.with_name("README.md")
    if readme.is_file():
        write(readme, in_readme(readme.read_text(encoding="utf-8"), tables))


def write(path: Path, text: str) -> None:
    """Writes a file, complete or not at all, and prints its path."""
    with whole(path) as file:
        file.write(text)
    say(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(main())
