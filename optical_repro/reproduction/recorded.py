"""The tables of results, as in one JSON file: commands, expected scores, and the time and memory that they took."""

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
"""Stands for the user's folder of data in a row's arguments."""
MODULES = ("run", "grid")
WIDTH = 140
"""Characters of a line of the file; what fits on one line is on one line."""


@dataclass(frozen=True)
class Cell:
    """One expected score: a system by a metric."""

    system: str
    metric: str
    expected: float
    tolerance: float
    p_adjusted: float | None = None
    """p of its difference from its baseline; None for a baseline, or where the two were not compared."""
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
    """``delta`` as a fraction of b's score; None where that is 0."""
    scope: str = ""
    """For two levels of a grid's factor: the topics that they were compared on."""


@dataclass(frozen=True)
class Measured:
    """How a row was measured: where, when, and at what cost."""

    machine: str
    date: str
    topics: int
    seconds: float | None = None
    memory_mb: int | None = None
    """The most memory that one process held."""
    version: str = "0.2.1"
    """Of this package; the default is that of the oldest rows, which do not name it."""


@dataclass(frozen=True)
class Row:
    """One command and its scores."""

    name: str
    """Short and unique in its table: the folder of its runs, and the argument of --row."""
    title: str
    arguments: list[str]
    """Arguments of its module; ``{data}`` stands for the user's folder of data."""
    module: str = "run"
    """One of MODULES."""
    network: bool = False
    """Whether it downloads."""
    baselines: list[str] = field(default_factory=list)
    """The strongest system that translates first; in a grid, that of each language."""
    measured: Measured | None = None
    cells: list[Cell] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def command(self) -> str:
        """The command as a person types it, with $OPTICAL_DATA for the folder of data."""
        return command(self.arguments, self.module)

    @property
    def needs_data(self) -> bool:
        """Whether it reads the user's folder of data."""
        return any(DATA in argument for argument in self.arguments)

    @property
    def needs(self) -> list[str]:
        """What it needs besides the installation."""
        needs = {"a folder of data (--data DIR or $OPTICAL_DATA)": self.needs_data, "a network (--network)": self.network}
        return [need for need, needed in needs.items() if needed]

    def cell(self, system: str, metric: str) -> Cell | None:
        """The cell; None where nothing is recorded."""
        return next((cell for cell in self.cells if (cell.system, cell.metric) == (system, metric)), None)

    def baseline_of(self, system: str) -> str | None:
        """The baseline of a system: in a grid, that of its language; None where there is none."""
        return next((baseline for baseline in self.baselines if baseline.rpartition(": ")[0] == system.rpartition(": ")[0]), None)

    @property
    def systems(self) -> list[str]:
        """The recorded systems (in a grid: ``language: setting``), in the order of the cells."""
        return list(dict.fromkeys(cell.system for cell in self.cells))


@dataclass(frozen=True)
class Published:
    """A score that others published; nobody ran it here."""

    collection: str
    system: str
    metric: str
    score: float
    command: str
    """The publishers' command that reproduces it."""


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, and what the tables say about it."""

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
    """The recorded metrics, by ranx's names."""
    rows: list[Row] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    """What it says to the project's question, in paragraphs for the top of the document."""

    @property
    def needs(self) -> str:
        """What it needs besides the installation."""
        return " and ".join(sorted({need for row in self.rows for need in row.needs})) or "nothing"

    def row(self, name: str) -> Row:
        """The row of this name; raises InputError, with similar names, if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise unknown(f"row of table {self.number}", name, [row.name for row in self.rows])


def command(arguments: list[str], module: str = "run") -> str:
    """``python -m optical_repro.run`` (or another module) with these arguments, as a person types it."""
    words = [argument.replace(DATA, "$OPTICAL_DATA") if DATA in argument else shlex.quote(argument) for argument in arguments]
    return " ".join([f"python -m optical_repro.{module}", *words])


def narrow_to(arguments: list[str], system: str) -> list[str]:
    """Arguments of ``optical_repro.run``, changed to run only one of their systems: the shortest way to one cell."""
    others, to_skip = [], 0
    for argument in arguments:
        to_skip = 2 if argument in ("--regime", "--systems") else max(0, to_skip - 1)
        if not to_skip:
            others.append(argument)
    return [*others, "--systems", system]


def find_table(tables: list[Table], number: int) -> Table:
    """The table of this number; raises InputError if there is none."""
    for table in tables:
        if table.number == number:
            return table
    raise InputError(
        f"no table {number}; there are tables {', '.join(str(table.number) for table in tables)} (--list tells what they show)"
    )


def read_tables(path: Path = DEFAULT) -> list[Table]:
    """Reads the file; raises InputError where it is not JSON, or a part has wrong fields."""
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
        file.write(_layout({"tables": _without_defaults(tables)}) + "\n")


def _table(raw: dict[str, Any], where: str) -> Table:
    from ..evaluation.metrics import METRICS

    table = _build(Table, raw, where)
    for metric in table.metrics:
        if metric not in METRICS:
            raise unknown("metric", metric, METRICS, f"({where})")
    rows = [_row(row, f"{where}, row {place}") for place, row in enumerate(table.rows, 1)]
    published = [_build(Published, part, where) for part in table.published]
    claims = [_build(Claim, part, where) for part in table.claims]
    if duplicates := {row.name for row in rows if [other.name for other in rows].count(row.name) > 1}:
        raise InputError(f"{where}: two rows named {min(duplicates)}; expected a name of its own for each")
    for claim in claims:
        if claim.verdict not in VERDICTS:
            raise unknown("verdict", claim.verdict, VERDICTS, f"({where})")
    return _build(Table, {**raw, "rows": rows, "published": published, "claims": claims}, where)


def _row(raw: Any, where: str) -> Row:
    row = _build(Row, raw, where)
    if not re.fullmatch(r"\w[\w.-]*", str(row.name)):
        raise InputError(f"{where}: the name {row.name!r}; expected letters, digits, -, _ and .: it is a folder's")
    if row.module not in MODULES:
        raise unknown("module", row.module, MODULES, f"({where})")
    measured = _build(Measured, row.measured, where) if row.measured else None
    cells = [_build(Cell, cell, f"{where}, cells") for cell in row.cells]
    differences = [_build(Difference, difference, f"{where}, differences") for difference in row.differences]
    return _build(Row, {**raw, "measured": measured, "cells": cells, "differences": differences}, where)


SIMPLE = {"str": str, "int": int, "float": (int, float), "bool": bool}
"""The types that fields are checked for, by name; lists are checked too."""

Part = TypeVar("Part")


def _build(kind: type[Part], raw: Any, where: str) -> Part:
    if not isinstance(raw, dict):
        raise InputError(f"{where}: {raw!r}; expected an object of JSON")
    try:
        part = kind(**raw)
    except TypeError as error:  # Python names the field that is missing or unknown
        raise InputError(f"{where}: {str(error).split('__init__() ')[-1]}") from None
    for attribute in fields(part):  # type: ignore[arg-type]
        expected: Any = list if attribute.default_factory is list else SIMPLE.get(str(attribute.type), object)
        if not isinstance(getattr(part, attribute.name), expected):
            raise InputError(f"{where}: {attribute.name} is {getattr(part, attribute.name)!r}; expected {attribute.type}")
    return part


def _without_defaults(value: Any) -> Any:
    """Dataclasses as dictionaries of the fields that do not hold their default."""
    if is_dataclass(value):
        return {
            attribute.name: _without_defaults(part)
            for attribute in fields(value)
            if (part := getattr(value, attribute.name)) != _default(attribute)
        }
    return [_without_defaults(part) for part in value] if isinstance(value, list) else value


def _default(attribute: Field[Any]) -> Any:
    return attribute.default if attribute.default_factory is MISSING else attribute.default_factory()


def _layout(value: Any, indent: int = 0) -> str:
    """JSON in which each part that fits is on one line, and lists of words are wrapped like text."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_layout(part, indent + 1)}" for key, part in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
    if all(isinstance(part, str) and " " not in part for part in value):
        lines = textwrap.wrap(line[1:-1], WIDTH - len(inner), break_long_words=False, break_on_hyphens=False)
        return "[\n" + "\n".join(inner + words for words in lines) + "\n" + " " * indent + "]"
    return "[\n" + ",\n".join(inner + _layout(part, indent + 1) for part in value) + "\n" + " " * indent + "]"
