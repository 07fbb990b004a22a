"""Reads a grid from a YAML file: the levels of each factor, and the command of every combination."""

from __future__ import annotations

import argparse
import re
import reprlib
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

from .. import options
from ..base.errors import InputError, unknown
from ..base.system_names import MAXSIM
from ..base.yaml_files import read_mapping
from ..distill.recipe import Recipe
from ..experiment.systems import optical_name, parse, parse_regimes
from ..training_text.pretraining import PRETRAINING

EXPECTED = {
    "languages": "codes, or a mapping of codes to arguments of optical_repro.run that hold for each alone",
    "regimes": "where the training text comes from",
    "objectives": "what the student matches (default: run's)",
    "pretrain": f"of {', '.join(PRETRAINING)} (default: none)",
    "variants": "in place of objectives: names, each with the arguments of optical_repro.run in which it differs, for ablations",
    "seeds": "whole numbers (default: 42)",
    "baselines": "systems that the students are compared with; in each language the best of them counts (default: bm25-qt, dense-qt)",
    "arguments": "arguments of optical_repro.run that hold for every cell",
}
"""The keys of the file."""

OF_THE_GRID = ("lang", "regime", "objective", "pretrain", "seed", "systems", "runs_dir", "qrels_dir", "cache_dir", "engine")
"""Arguments of optical_repro.run that the grid sets itself."""


Arguments = options.Words


@dataclass(frozen=True)
class Cell:
    """One student: a level of every factor, and a seed."""

    lang: str
    regime: str
    objective: str
    pretrain: str
    variant: str
    """Name of the variant; empty where the grid has none."""
    seed: int
    maxsim: bool
    """Whether the student's run is the one with late interaction."""
    arguments: tuple[str, ...]
    """Arguments of ``python -m optical_repro.run``, which makes the student's run and the baselines'."""

    @property
    def system(self) -> str:
        """The name of the student's run."""
        return optical_name(self.regime, self.pretrain) + (MAXSIM if self.maxsim else "")

    @property
    def levels(self) -> dict[str, str]:
        """Each factor's level."""
        changed = {"variant": self.variant} if self.variant else {"objective": self.objective}
        return {"training text": self.regime, **changed, "pre-training": self.pretrain}

    @property
    def title(self) -> str:
        """``yo  optical-cs-after-mlm  ot+pooled  seed 1``, or with the variant in place of the objective."""
        return f"{self.lang}  {self.system}  {self.variant or self.objective}  seed {self.seed}"

    @property
    def command(self) -> str:
        """The command as a person types it."""
        return shlex.join(["python", "-m", "optical_repro.run", *self.arguments])

    def namespace(self) -> argparse.Namespace:
        """The arguments, parsed by optical_repro.run's parser."""
        parser = options.of_run()
        parser.error = _refuse  # type: ignore[method-assign]
        return parser.parse_args(list(self.arguments))


def _refuse(message: str) -> NoReturn:
    raise InputError(f"{message}; python -m optical_repro.run --help tells what it takes")


@dataclass(frozen=True)
class Grid:
    """The content of the file."""

    name: str
    """Name of the file, without its suffix."""
    baselines: list[str]
    cells: list[Cell]
    """Language by language; the seeds of one student follow each other."""


def read_grid(path: Path, runs_dir: Path, cache_dir: Path | None, maxsim: bool = False) -> Grid:
    """Reads a grid whose runs go into ``runs_dir``, which is for this grid alone; raises InputError for a malformed grid.

    ``cache_dir``: None stands for the default of optical_repro.run. ``maxsim``: late interaction for students and dense baselines.
    """
    raw = read_mapping(path, ", ".join(EXPECTED))
    for key in raw:
        if key not in EXPECTED:
            raise unknown("key", str(key), EXPECTED, f"({path})")
    for key in ("languages", "regimes"):
        if not raw.get(key):
            raise InputError(f'{path}: no "{key}"; expected {EXPECTED[key]}')
    baselines = _levels(raw, path, "baselines", ["bm25-qt", "dense-qt"])
    systems = [parse(name) for name in baselines]
    if maxsim:
        baselines = [system.retriever + MAXSIM if system.kind.dense else system.name for system in systems]
    cache_option = [] if cache_dir is None else ["--cache-dir", str(cache_dir)]
    if "objectives" in raw and "variants" in raw:
        raise InputError(f"{path}: objectives beside variants; give each variant the objective that it has")
    objectives = {objective: {"objective": [objective]} for objective in _levels(raw, path, "objectives", [Recipe().objective])}
    variants = _variants(raw, path)
    changes = variants or objectives
    cells = [
        _cell(
            *(lang, regime, pretrain, change if variants else "", seed, maxsim),
            *(own | changes[change], baselines, runs_dir / change, cache_option),
        )
        for lang, own in _languages(raw, path).items()
        for regime, change, pretrain, seed in product(
            parse_regimes(",".join(_levels(raw, path, "regimes"))),
            changes,
            _levels(raw, path, "pretrain", ["none"]),
            _levels(raw, path, "seeds", [str(Recipe().seed)]),
        )
    ]
    for cell in cells:
        options.read(cell.namespace())
    return Grid(path.stem, baselines, cells)


def _cell(
    lang: str,
    regime: str,
    pretrain: str,
    variant: str,
    seed: str,
    maxsim: bool,
    arguments: Arguments,
    baselines: list[str],
    runs_dir: Path,
    cache_option: list[str],
) -> Cell:
    if pretrain not in PRETRAINING:
        raise unknown("pre-training", pretrain, PRETRAINING)
    if not seed.isdecimal():
        raise InputError(f"seed {seed}: expected a whole number")
    with_objective = {"objective": [Recipe().objective]} | arguments
    words = [word for name, values in with_objective.items() for word in (f"--{name}", *values)]
    recipe = ["--lang", lang, "--regime", regime, "--pretrain", pretrain, "--seed", seed, *words]
    systems = ["--systems", ",".join([*baselines, optical_name(regime, pretrain) + (MAXSIM if maxsim else "")])]
    folders = ["--runs-dir", str(runs_dir / f"seed-{seed}"), "--qrels-dir", str(runs_dir.parent / "qrels"), *cache_option]
    return Cell(lang, regime, with_objective["objective"][0], pretrain, variant, int(seed), maxsim, (*recipe, *systems, *folders))


def _variants(raw: dict[str, Any], path: Path) -> dict[str, Arguments]:
    """Each variant with its arguments."""
    variants = raw.get("variants", {})
    if not isinstance(variants, dict) or not all(re.fullmatch(r"\w[\w+.-]*", str(name)) for name in variants):
        expected = f"{EXPECTED['variants']}, names being letters, digits, +, - and ."
        raise InputError(f"{path}: variants is {reprlib.repr(variants)}; expected {expected}")
    return {str(name): _arguments(arguments, f"{path}: variants, {name}", {"objective"}) for name, arguments in variants.items()}


def _languages(raw: dict[str, Any], path: Path) -> dict[str, Arguments]:
    """Each language with the arguments that hold for it."""
    languages = raw["languages"]
    if not isinstance(languages, dict):
        languages = dict.fromkeys(_levels(raw, path, "languages"))
    for lang in languages:
        if not isinstance(lang, str):
            raise InputError(f"{path}: {reprlib.repr(lang)} is no code of a language; YAML reads no as false, so write it in quotes")
    shared = _arguments(raw.get("arguments"), f"{path}: arguments")
    own = {lang: _arguments(arguments, f"{path}: languages, {lang}") for lang, arguments in languages.items()}
    return {lang: shared | arguments for lang, arguments in own.items()}


def _levels(raw: dict[str, Any], path: Path, key: str, default: Sequence[str] = ()) -> list[str]:
    """A list from the file as text, each entry once."""
    levels = raw.get(key, list(default))
    if not isinstance(levels, list) or not levels or not all(isinstance(level, str) or type(level) is int for level in levels):
        raise InputError(f"{path}: {key} is {reprlib.repr(levels)}; expected a list: {EXPECTED[key]}")
    return list(dict.fromkeys(map(str, levels)))


def _arguments(mapping: Any, where: str, allowed: Collection[str] = ()) -> Arguments:
    """Arguments of optical_repro.run from the file: those that the grid does not set itself, or that are ``allowed``."""
    return options.words(mapping, where, set(OF_THE_GRID) - set(allowed))
