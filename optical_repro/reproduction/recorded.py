"""The tables of results as one file of JSON holds them: commands, expected scores, and what they took when they were measured."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..base.errors import InputError, bad_line, unknown
from ..base.files import whole

DEFAULT = Path(__file__).parents[1] / "data" / "reproduction.json"
DATA = "{data}"
"""In a row's arguments: the user's folder of data."""
MODULES = ("run", "grid")
WIDTH = 140
"""Characters of a line of the file: what fits on one stands on one."""


@dataclass(frozen=True)
class Cell:
    """One expected score: a system by a metric."""

    system: str
    metric: str
    expected: float
    tolerance: float
    p_adjusted: float | None = None
    """Of the difference from its baseline; None for a baseline, or where the two were not compared."""
    deviation: float | None = None
    """Standard deviation over seeds, where ``expected`` is a mean over them."""

    def hit(self, score: float) -> bool:
        """Whether a score is within tolerance."""
        return abs(score - self.expected) <= self.tolerance + 1e-9


@dataclass(frozen=True)
class Difference:
    """Two systems by one metric, as report.json compares them."""

    metric: str
    a: str
    b: str
    delta: float
    p: float
    p_adjusted: float
    test: str
    correction: str
    relative: float | None = None
    """``delta`` as a part of b's score; None where that is 0."""
    scope: str = ""
    """Of two levels of a grid's factor: the topics that they were compared on."""


@dataclass(frozen=True)
class Measured:
    """What a row took, and where and when."""

    machine: str
    date: str
    topics: int
    seconds: float | None = None
    memory_mb: int | None = None
    """Most that one process held in memory."""
    version: str = "0.2.1"
    """Of this package; rows that do not tell are of the first version that was recorded."""


@dataclass(frozen=True)
class Row:
    """One command and the scores that it gives."""

    name: str
    """Short and unique in its table: folder of its runs, and --row's argument."""
    title: str
    arguments: list[str]
    """Of its module; ``{data}`` stands for the user's folder of data."""
    module: str = "run"
    """Of MODULES."""
    network: bool = False
    """Whether it downloads."""
    baselines: list[str] = field(default_factory=list)
    """The strongest system that translates first; in a grid, that of each language."""
    measured: Measured | None = None
    cells: list[Cell] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def command(self) -> str:
        """The command as a person types it, the folder of data being $OPTICAL_DATA."""
        return command(self.arguments, self.module)

    @property
    def needs_data(self) -> bool:
        """Whether it reads the user's folder of data."""
        return any(DATA in argument for argument in self.arguments)

    @property
    def needs(self) -> list[str]:
        """What it takes besides the installation."""
        needs = {"a folder of data (--data DIR or $OPTICAL_DATA)": self.needs_data, "a network (--network)": self.network}
        return [need for need, needed in needs.items() if needed]

    def cell(self, system: str, metric: str) -> Cell | None:
        """The cell; None where nothing is recorded."""
        return next((cell for cell in self.cells if (cell.system, cell.metric) == (system, metric)), None)

    def baseline_of(self, system: str) -> str | None:
        """The baseline that a system is compared with: in a grid, the one of its language; None where there is none."""
        return next((baseline for baseline in self.baselines if baseline.rpartition(": ")[0] == system.rpartition(": ")[0]), None)

    @property
    def systems(self) -> list[str]:
        """The recorded systems (in a grid: ``language: setting``), in the order of the cells."""
        return list(dict.fromkeys(cell.system for cell in self.cells))


@dataclass(frozen=True)
class Published:
    """A figure that others published; nobody ran it here."""

    collection: str
    system: str
    metric: str
    score: float
    command: str
    """Of theirs, which makes it again."""


@dataclass(frozen=True)
class Claim:
    """What a paper claims, and what the tables say to it."""

    claim: str
    verdict: str
    """One of VERDICTS."""
    evidence: str


VERDICTS = ("confirmed", "contradicted", "could not test", "open")


@dataclass(frozen=True)
class Table:
    """One experiment."""

    number: int
    title: str
    shows: str
    notes: list[str] = field(default_factory=list)
    missing: str = ""
    """Why it cannot be run yet; empty where it can."""
    metrics: list[str] = field(default_factory=list)
    """What is recorded, by ranx's names."""
    rows: list[Row] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    @property
    def needs(self) -> str:
        """What it takes besides the installation."""
        return " and ".join(sorted({need for row in self.rows for need in row.needs})) or "nothing"

    def row(self, name: str) -> Row:
        """The row by its name; raises InputError, with the near matches, for one that there is not."""
        for row in self.rows:
            if row.name == name:
                return row
        raise unknown(f"row of table {self.number}", name, [row.name for row in self.rows])


def command(arguments: list[str], module: str = "run") -> str:
    """``python -m optical_repro.run`` (or another module) with these arguments, as a person types it."""
    quoted = [argument.replace(DATA, "$OPTICAL_DATA") if DATA in argument else shlex.quote(argument) for argument in arguments]
    return " ".join([f"python -m optical_repro.{module}", *quoted])


def narrowed(arguments: list[str], system: str) -> list[str]:
    """The arguments of ``optical_repro.run`` for one system of theirs alone: the shortest way to one cell."""
    kept, skipped = [], 0
    for argument in arguments:
        skipped = 2 if argument in ("--regime", "--systems") else max(0, skipped - 1)
        if not skipped:
            kept.append(argument)
    return [*kept, "--systems", system]


def table(tables: list[Table], number: int) -> Table:
    """The table by its number; raises InputError for one that there is not."""
    for made in tables:
        if made.number == number:
            return made
    raise InputError(f"no table {number}; there are tables {', '.join(str(made.number) for made in tables)} (--list tells what they show)")


def read_tables(path: Path = DEFAULT) -> list[Table]:
    """Reads the file; raises InputError where it is not JSON, or a part has not the fields that it should."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: not a text file; expected the tables as JSON") from None
    except json.JSONDecodeError as error:
        raise bad_line(path, error.lineno, "not JSON", '{"tables": [...]}') from None
    if not isinstance(raw, dict) or not isinstance(raw.get("tables"), list):
        raise InputError(f'{path}: expected {{"tables": [...]}}')
    return [_table(part, f"{path}: table {place}") for place, part in enumerate(raw["tables"], 1)]


def write_tables(path: Path, tables: list[Table]) -> None:
    """Writes the file, in lines that a person can read and edit; fields that hold their default are left out."""
    with whole(path) as file:
        file.write(_laid_out({"tables": _without_defaults(tables)}) + "\n")


def _table(raw: dict[str, Any], where: str) -> Table:
    from ..evaluation.metrics import METRICS

    made = _made(Table, raw, where)
    for metric in made.metrics:
        if metric not in METRICS:
            raise unknown("metric", metric, METRICS, f"({where})")
    rows = [_row(row, f"{where}, row {place}") for place, row in enumerate(made.rows, 1)]
    published = [_made(Published, part, where) for part in made.published]
    claims = [_made(Claim, part, where) for part in made.claims]
    if twice := {row.name for row in rows if [other.name for other in rows].count(row.name) > 1}:
        raise InputError(f"{where}: two rows named {min(twice)}; expected a name of its own for each")
    for claim in claims:
        if claim.verdict not in VERDICTS:
            raise unknown("verdict", claim.verdict, VERDICTS, f"({where})")
    return _made(Table, {**raw, "rows": rows, "published": published, "claims": claims}, where)


def _row(raw: Any, where: str) -> Row:
    made = _made(Row, raw, where)
    if not re.fullmatch(r"\w[\w.-]*", str(made.name)):
        raise InputError(f"{where}: the name {made.name!r}; expected letters, digits, -, _ and .: it is a folder's")
    if made.module not in MODULES:
        raise unknown("module", made.module, MODULES, f"({where})")
    measured = _made(Measured, made.measured, where) if made.measured else None
    cells = [_made(Cell, cell, f"{where}, cells") for cell in made.cells]
    differences = [_made(Difference, difference, f"{where}, differences") for difference in made.differences]
    return _made(Row, {**raw, "measured": measured, "cells": cells, "differences": differences}, where)


SIMPLE = {"str": str, "int": int, "float": (int, float), "bool": bool}
"""What fields are checked to be, by their types' names; lists are checked too."""

Part = TypeVar("Part")


def _made(kind: type[Part], raw: Any, where: str) -> Part:
    if not isinstance(raw, dict):
        raise InputError(f"{where}: {raw!r}; expected an object of JSON")
    try:
        made = kind(**raw)
    except TypeError as error:  # Python names the field that is missing or not known
        raise InputError(f"{where}: {str(error).split('__init__() ')[-1]}") from None
    for own in fields(made):  # type: ignore[arg-type]
        expected: Any = list if own.default_factory is list else SIMPLE.get(str(own.type), object)
        if not isinstance(getattr(made, own.name), expected):
            raise InputError(f"{where}: {own.name} is {getattr(made, own.name)!r}; expected {own.type}")
    return made


def _without_defaults(value: Any) -> Any:
    """Dataclasses as dictionaries of the fields that do not hold their default."""
    if is_dataclass(value):
        return {own.name: _without_defaults(part) for own in fields(value) if (part := getattr(value, own.name)) != _default(own)}
    return [_without_defaults(part) for part in value] if isinstance(value, list) else value


def _default(own: Field[Any]) -> Any:
    return own.default if own.default_factory is MISSING else own.default_factory()


def _laid_out(value: Any, indent: int = 0) -> str:
    """JSON with each part that fits on one line on one line, and lists of words filled like text."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_laid_out(part, indent + 1)}" for key, part in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
    if all(isinstance(part, str) and " " not in part for part in value):
        filled = textwrap.wrap(line[1:-1], WIDTH - len(inner), break_long_words=False, break_on_hyphens=False)
        return "[\n" + "\n".join(inner + words for words in filled) + "\n" + " " * indent + "]"
    return "[\n" + ",\n".join(inner + _laid_out(part, indent + 1) for part in value) + "\n" + " " * indent + "]"
