"""A grid as a YAML file describes it: the levels of each factor, and the command of every combination."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

from . import run
from .distill.recipe import PRETRAINING, Recipe
from .errors import InputError, bad_line, unknown
from .systems import optical_name, parse, parse_regimes

EXPECTED = {
    "languages": "codes, or a mapping of codes to arguments of optical_repro.run that hold for each alone",
    "regimes": "where the training text comes from",
    "objectives": "what the student matches (default: run's)",
    "pretrain": f"of {', '.join(PRETRAINING)} (default: none)",
    "seeds": "whole numbers (default: 42)",
    "baselines": "systems that the students are compared with; in each language the best of them counts (default: bm25-qt, dense-qt)",
    "arguments": "arguments of optical_repro.run that hold for every cell",
}
"""The keys of the file."""

OF_THE_GRID = ("lang", "regime", "objective", "pretrain", "seed", "systems", "runs_dir", "qrels_dir", "cache_dir")
"""Arguments of optical_repro.run that the grid sets itself."""


@dataclass(frozen=True)
class Cell:
    """One student: a level of every factor, and a seed."""

    lang: str
    regime: str
    objective: str
    pretrain: str
    seed: int
    arguments: tuple[str, ...]
    """Of ``python -m optical_repro.run``, which makes its run and the baselines'."""

    @property
    def system(self) -> str:
        """The name of its run."""
        return optical_name(self.regime, self.pretrain)

    @property
    def levels(self) -> dict[str, str]:
        """Each factor's level."""
        return {"training text": self.regime, "objective": self.objective, "pre-training": self.pretrain}

    @property
    def title(self) -> str:
        """``yo  optical-cs-after-mlm  ot+pooled  seed 1``."""
        return f"{self.lang}  {self.system}  {self.objective}  seed {self.seed}"

    @property
    def command(self) -> str:
        """The command as a person types it."""
        return shlex.join(["python", "-m", "optical_repro.run", *self.arguments])

    def parsed(self) -> argparse.Namespace:
        """The arguments as optical_repro.run reads them."""
        parser = run.parser()
        parser.error = _refuse  # type: ignore[method-assign]
        return parser.parse_args(list(self.arguments))


def _refuse(message: str) -> NoReturn:
    raise InputError(f"{message}; python -m optical_repro.run --help tells what it takes")


@dataclass(frozen=True)
class Grid:
    """The file's content."""

    name: str
    """The file's, without its suffix."""
    baselines: list[str]
    cells: list[Cell]
    """Language by language; the seeds of one student one after the other."""


def read_grid(path: Path, runs_dir: Path, cache_dir: Path | None) -> Grid:
    """Reads a grid whose runs go into ``runs_dir``, a folder of its own; raises InputError for what no grid can be made of.

    ``cache_dir`` None: run's.
    """
    raw = _read(path)
    for key in raw:
        if key not in EXPECTED:
            raise unknown("key", key, EXPECTED, f"({path})")
    for key in ("languages", "regimes"):
        if not raw.get(key):
            raise InputError(f'{path}: no "{key}"; expected {EXPECTED[key]}')
    baselines = _levels(raw, path, "baselines", ["bm25-qt", "dense-qt"])
    for system in baselines:
        parse(system)
    places = [] if cache_dir is None else ["--cache-dir", str(cache_dir)]
    cells = [
        _cell(lang, *levels, given, baselines, runs_dir, places)
        for lang, given in _languages(raw, path).items()
        for levels in product(
            parse_regimes(",".join(_levels(raw, path, "regimes"))),
            _levels(raw, path, "objectives", [Recipe().objective]),
            _levels(raw, path, "pretrain", ["none"]),
            _levels(raw, path, "seeds", [str(Recipe().seed)]),
        )
    ]
    for cell in cells:
        run.understood(cell.parsed())
    return Grid(path.stem, baselines, cells)


def _cell(
    lang: str,
    regime: str,
    objective: str,
    pretrain: str,
    seed: str,
    given: list[str],
    baselines: list[str],
    runs_dir: Path,
    places: list[str],
) -> Cell:
    if pretrain not in PRETRAINING:
        raise unknown("pre-training", pretrain, PRETRAINING)
    if not seed.isdecimal():
        raise InputError(f"seed {seed}: expected a whole number")
    what = ["--lang", lang, "--regime", regime, "--objective", objective, "--pretrain", pretrain, "--seed", seed, *given]
    systems = ["--systems", ",".join([*baselines, optical_name(regime, pretrain)])]
    where = ["--runs-dir", str(runs_dir / objective / f"seed-{seed}"), "--qrels-dir", str(runs_dir / "qrels"), *places]
    return Cell(lang, regime, objective, pretrain, int(seed), (*what, *systems, *where))


def _languages(raw: dict[str, Any], path: Path) -> dict[str, list[str]]:
    """Each language with the arguments that hold for it."""
    languages = raw["languages"]
    if not isinstance(languages, dict):
        languages = dict.fromkeys(_levels(raw, path, "languages"))
    for lang in languages:
        if not isinstance(lang, str):
            raise InputError(f"{path}: {lang!r} is no code of a language; YAML reads no as false, so write it in quotes")
    shared = _arguments(raw.get("arguments"), f"{path}: arguments")
    own = {lang: _arguments(given, f"{path}: languages, {lang}") for lang, given in languages.items()}
    return {lang: [word for name, words in (shared | given).items() for word in (f"--{name}", *words)] for lang, given in own.items()}


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise InputError(f"{path}: not a text file; expected a grid in YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise bad_line(path, mark.line + 1 if mark else 1, getattr(error, "problem", None) or "not YAML", "YAML") from None
    if not isinstance(raw, dict):
        raise InputError(f"{path}: no keys in it; expected {', '.join(EXPECTED)}")
    return raw


def _levels(raw: dict[str, Any], path: Path, key: str, default: Sequence[str] = ()) -> list[str]:
    """A list of the file, each entry once, as text."""
    levels = raw.get(key, list(default))
    if not isinstance(levels, list) or not levels or not all(isinstance(level, str) or type(level) is int for level in levels):
        raise InputError(f"{path}: {key} is {levels!r}; expected a list: {EXPECTED[key]}")
    return list(dict.fromkeys(map(str, levels)))


def _arguments(given: Any, where: str) -> dict[str, list[str]]:
    """Arguments of optical_repro.run, by name, each with its words; ``$NAME`` stands for a variable of the environment."""
    if not isinstance(given or {}, dict):
        raise InputError(f"{where}: {given!r}; expected a mapping, such as collection: sample")
    known = {
        action.dest.replace("_", "-"): action for action in run.parser()._actions if action.dest not in (*OF_THE_GRID, "help", "version")
    }
    words: dict[str, list[str]] = {}
    for name, value in (given or {}).items():
        if name not in known:
            raise unknown("argument", str(name), known, f"({where})")
        flag = known[name].nargs == 0
        if flag and not isinstance(value, bool):
            raise InputError(f"{where}: {name} is {value!r}; expected true or false")
        if not flag or value:
            values = [] if flag else value if isinstance(value, list) else [value]
            words[name] = [os.path.expandvars(str(part)) for part in values]
    return words
