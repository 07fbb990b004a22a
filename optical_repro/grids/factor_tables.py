"""The report of a grid: text for the terminal, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from ..base.files import whole
from ..evaluation.findings import counted, p_value, signed, value
from ..evaluation.metrics import METRICS
from ..evaluation.significance import ALPHA, TESTS, Comparison
from ..evaluation.tables import HEADINGS, markdown_head, markdown_row
from .factors import ALL, Effect, Factors, Setting

SHOWN = ("map", "precision@5", "precision@10", "ndcg@10", "recall@100")
"""Metrics that fit into a terminal; the files have all."""


def write_factors(grid: Factors, folder: Path) -> str:
    """Writes grid.txt, .md, .csv and .json into a folder; returns the text for the terminal. The same runs give the same files."""
    for suffix, form in FORMATS.items():
        with whole(folder / f"grid.{suffix}") as file:
            file.write(form(grid))
    return f"{as_text(grid)}\nReport  {folder / 'grid.md'} (also {', '.join(f'.{suffix}' for suffix in FORMATS if suffix != 'md')})"


def as_text(grid: Factors) -> str:
    """The table of each collection, and the effect of the factors."""
    out = [summary(grid)]
    for collection, settings in _by_collection(grid):
        factors = list(settings[0].levels)
        widths = [max(map(len, [factor, *(setting.levels[factor] for setting in settings)])) for factor in factors]
        heads = [f"{factor:{width}}" for factor, width in zip(factors, widths, strict=True)]
        out += ["", _collection(grid, collection)]
        out.append("  ".join(["", *heads, *(f"{HEADINGS[metric]:>{13 if metric == 'map' else 7}}" for metric in SHOWN)]))
        for setting in settings:
            levels = [f"{setting.levels[factor]:{width}}" for factor, width in zip(factors, widths, strict=True)]
            cells = [f"{_with_deviation(setting, 'map') + ' +-'[_mark(setting, 'map')]:>13}"]
            cells += [f"{value(setting.mean[metric]) + ' +-'[_mark(setting, metric)]:>7}" for metric in SHOWN[1:]]
            out.append("  ".join(["", *levels, *cells]).rstrip())
    out += ["", f"+ significantly better than the baseline, - significantly worse ({_method(len(grid.settings), 'setting')}).", ""]
    for heading, lines in findings(grid):
        out += [heading, *(f"  {line}" for line in lines), ""]
    return "\n".join(out)


def as_markdown(grid: Factors) -> str:
    """The same with every metric, and all comparisons of levels by MAP."""
    out = [f"# Grid {grid.name}", "", summary(grid)]
    for collection, settings in _by_collection(grid):
        factors = list(settings[0].levels)
        out += ["", f"## {_collection(grid, collection)}", "", *markdown_head([*factors, *HEADINGS.values()], len(factors))]
        for setting in settings:
            cells = [_with_deviation(setting, metric) + ["", " ▲", " ▼"][_mark(setting, metric)] for metric in METRICS]
            out.append(markdown_row([*(f"`{level}`" for level in setting.levels.values()), *cells]))
    out += ["", f"▲ significantly better than the baseline, ▼ significantly worse ({_method(len(grid.settings), 'setting')})."]
    for heading, lines in findings(grid):
        out += ["", f"## {heading}", "", *(f"- {line}" for line in lines)]
    effects = [effect for effect in grid.effects if effect.comparison.metric == "map"]
    if effects:
        out += ["", "## All pairs of levels by MAP", "", *markdown_head(["topics of", "factor", "a", "b", *_COMPARED], 4)]
        out += [
            markdown_row([effect.scope, effect.factor, f"`{effect.comparison.a}`", f"`{effect.comparison.b}`", *_comparison_cells(effect)])
            for effect in effects
        ]
    return "\n".join(out) + "\n"


_COMPARED = ["mean of a", "mean of b", "a - b", "95 % interval", "p", "p adjusted"]


def _comparison_cells(effect: Effect) -> list[str]:
    comparison = effect.comparison
    interval = f"{signed(comparison.low)} to {signed(comparison.high)}"
    return [
        value(comparison.mean_a),
        value(comparison.mean_b),
        signed(comparison.delta),
        interval,
        f"{comparison.p:.5f}",
        f"{comparison.p_adjusted:.5f}",
    ]


def summary(grid: Factors) -> str:
    """Settings, seeds and collections: ``12 settings, each with 3 seeds, on sample.yo.test, sample.sw.test``."""
    settings = counted(len(grid.settings), "setting")
    return f"{grid.name}: {settings}, each with {counted(grid.settings[0].seeds, 'seed')}, on {', '.join(grid.topics)}"


def findings(grid: Factors) -> Iterator[tuple[str, list[str]]]:
    """Headings with their sentences: which factor matters, over all topics together and then in each collection."""
    scopes = list(dict.fromkeys(effect.scope for effect in grid.effects))
    pairs = sum(effect.comparison.metric == "map" for effect in grid.effects)
    for scope in scopes:
        factors = dict.fromkeys(effect.factor for effect in grid.effects if effect.scope == scope)
        lines = []
        for factor in sorted(factors, key=lambda factor: -grid.spread(scope, factor)):
            lines += [
                _effect(effect)
                for effect in grid.effects
                if (effect.scope, effect.factor, effect.comparison.metric) == (scope, factor, "map")
            ]
        where = "all topics together" if scope == ALL else scope
        yield f"Which factor matters by MAP, {where} ({_method(pairs, 'pair')})", lines
    if grid.settings[0].seeds > 1:
        yield (
            "What chance does",
            [f"From seed to seed, the MAP of a setting varies by {value(grid.seed_deviation())} (standard deviation)."],
        )


def _effect(effect: Effect) -> str:
    """``training text: bt .402 is better than cs .381 by +.021 (95 % interval +.004 to +.038, p = .012)``."""
    comparison = effect.comparison if effect.comparison.delta >= 0 else effect.comparison.reversed()
    verdict = "is better than" if comparison.significant else "does not differ significantly from"
    numbers = (
        f"{signed(comparison.delta)}, 95 % interval {signed(comparison.low)} to {signed(comparison.high)}, {p_value(comparison.p_adjusted)}"
    )
    return f"{effect.factor}: {comparison.a} {value(comparison.mean_a)} {verdict} {comparison.b} {value(comparison.mean_b)} ({numbers})"


def as_csv(grid: Factors) -> str:
    """A line for each setting and metric, then one for each pair of levels; ``kind`` says which."""
    factors = list(grid.settings[0].levels)
    columns = ["kind", "topics_of", *factors, "factor", "metric", "seeds", "mean", "deviation", *_NUMBERS]
    out = io.StringIO()
    table = csv.DictWriter(out, columns, lineterminator="\n")
    table.writeheader()
    for setting in grid.settings:
        for metric in METRICS:
            cells = {"kind": "setting", "topics_of": setting.collection, **setting.levels, "metric": metric, "seeds": setting.seeds}
            table.writerow(
                cells | {"mean": setting.mean[metric], "deviation": setting.deviation[metric], **_numbers(setting.comparisons[metric])}
            )
    for effect in grid.effects:
        cells = {"kind": "factor", "topics_of": effect.scope, "factor": effect.factor, "metric": effect.comparison.metric}
        table.writerow(cells | _numbers(effect.comparison))
    return out.getvalue()


_NUMBERS = ["a", "b", "mean_a", "mean_b", "delta", "low", "high", "p", "p_adjusted", "test", "correction"]


def _numbers(comparison: Comparison) -> dict[str, float | str]:
    return {column: getattr(comparison, column) for column in _NUMBERS}


def as_json(grid: Factors) -> str:
    """Everything, for programs."""
    settings = [
        {
            "collection": setting.collection,
            "levels": setting.levels,
            "seeds": setting.seeds,
            "mean": setting.mean,
            "deviation": setting.deviation,
            "comparisons": {metric: _numbers(comparison) for metric, comparison in setting.comparisons.items()},
        }
        for setting in grid.settings
    ]
    factors = [
        {"topics_of": effect.scope, "factor": effect.factor, "metric": effect.comparison.metric, **_numbers(effect.comparison)}
        for effect in grid.effects
    ]
    data = {
        "name": grid.name,
        "topics": grid.topics,
        "baselines": grid.baselines,
        "seed_deviation": {metric: grid.seed_deviation(metric) for metric in METRICS},
        "settings": settings,
        "factors": factors,
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Factors], str]] = {"txt": as_text, "md": as_markdown, "csv": as_csv, "json": as_json}
"""Suffix of each ``grid.*`` file to the function that makes its text."""


def _by_collection(grid: Factors) -> Iterator[tuple[str, list[Setting]]]:
    for collection in grid.topics:
        yield collection, [setting for setting in grid.settings if setting.collection == collection]


def _collection(grid: Factors, collection: str) -> str:
    """``sample.yo.test: 84 topics, baseline dense-qt .396``."""
    first = next(setting for setting in grid.settings if setting.collection == collection)
    baseline = f"{grid.baselines[collection]} {value(first.comparisons['map'].mean_b)}"
    return f"{collection}: {counted(grid.topics[collection], 'topic')}, baseline {baseline}"


def _with_deviation(setting: Setting, metric: str) -> str:
    """``.401 ± .004``: mean and standard deviation over the seeds."""
    return value(setting.mean[metric]) + (f" ± {value(setting.deviation[metric])}" if setting.seeds > 1 else "")


def _mark(setting: Setting, metric: str) -> int:
    """1 where it is significantly better than the baseline, -1 where it is worse, else 0."""
    comparison = setting.comparisons[metric]
    return (1 if comparison.delta > 0 else -1) if comparison.significant else 0


def _method(tests: int, noun: str) -> str:
    return f"{TESTS['fisher']} over topics, Holm-corrected over {counted(tests, noun)}, p < {value(ALPHA).rstrip('0')}"
