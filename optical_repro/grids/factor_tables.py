"""The report of a grid: for the terminal, Markdown, CSV and JSON."""

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
"""What fits a terminal's width; the files hold all."""


def write_factors(made: Factors, folder: Path) -> str:
    """Writes grid.txt, .md, .csv and .json into a folder; returns what the terminal shows. The same for the same runs."""
    for suffix, form in FORMATS.items():
        with whole(folder / f"grid.{suffix}") as file:
            file.write(form(made))
    return f"{as_text(made)}\nReport  {folder / 'grid.md'} (also {', '.join(f'.{suffix}' for suffix in FORMATS if suffix != 'md')})"


def as_text(made: Factors) -> str:
    """The table of each collection, and what the factors do."""
    out = [described(made)]
    for collection, settings in _by_collection(made):
        factors = list(settings[0].levels)
        widths = [max(map(len, [factor, *(setting.levels[factor] for setting in settings)])) for factor in factors]
        heads = [f"{factor:{width}}" for factor, width in zip(factors, widths, strict=True)]
        out += ["", _collection(made, collection)]
        out.append("  ".join(["", *heads, *(f"{HEADINGS[metric]:>{13 if metric == 'map' else 7}}" for metric in SHOWN)]))
        for setting in settings:
            levels = [f"{setting.levels[factor]:{width}}" for factor, width in zip(factors, widths, strict=True)]
            cells = [f"{_with_deviation(setting, 'map') + ' +-'[_mark(setting, 'map')]:>13}"]
            cells += [f"{value(setting.mean[metric]) + ' +-'[_mark(setting, metric)]:>7}" for metric in SHOWN[1:]]
            out.append("  ".join(["", *levels, *cells]).rstrip())
    out += ["", f"+ significantly better than the baseline, - significantly worse ({_method(len(made.settings), 'setting')}).", ""]
    for heading, lines in findings(made):
        out += [heading, *(f"  {line}" for line in lines), ""]
    return "\n".join(out)


def as_markdown(made: Factors) -> str:
    """The same with every metric, and all comparisons of levels by MAP."""
    out = [f"# Grid {made.name}", "", described(made)]
    for collection, settings in _by_collection(made):
        factors = list(settings[0].levels)
        out += ["", f"## {_collection(made, collection)}", "", *markdown_head([*factors, *HEADINGS.values()], len(factors))]
        for setting in settings:
            cells = [_with_deviation(setting, metric) + ["", " ▲", " ▼"][_mark(setting, metric)] for metric in METRICS]
            out.append(markdown_row([*(f"`{level}`" for level in setting.levels.values()), *cells]))
    out += ["", f"▲ significantly better than the baseline, ▼ significantly worse ({_method(len(made.settings), 'setting')})."]
    for heading, lines in findings(made):
        out += ["", f"## {heading}", "", *(f"- {line}" for line in lines)]
    effects = [effect for effect in made.effects if effect.comparison.metric == "map"]
    if effects:
        out += ["", "## All pairs of levels by MAP", "", *markdown_head(["topics of", "factor", "a", "b", *_COMPARED], 4)]
        out += [
            markdown_row([effect.scope, effect.factor, f"`{effect.comparison.a}`", f"`{effect.comparison.b}`", *_compared(effect)])
            for effect in effects
        ]
    return "\n".join(out) + "\n"


_COMPARED = ["mean of a", "mean of b", "a - b", "95 % interval", "p", "p adjusted"]


def _compared(effect: Effect) -> list[str]:
    one = effect.comparison
    interval = f"{signed(one.low)} to {signed(one.high)}"
    return [value(one.mean_a), value(one.mean_b), signed(one.delta), interval, f"{one.p:.5f}", f"{one.p_adjusted:.5f}"]


def described(made: Factors) -> str:
    """What was compared with what: ``12 settings, each with 3 seeds, on sample.yo.test, sample.sw.test``."""
    settings = counted(len(made.settings), "setting")
    return f"{made.name}: {settings}, each with {counted(made.settings[0].seeds, 'seed')}, on {', '.join(made.topics)}"


def findings(made: Factors) -> Iterator[tuple[str, list[str]]]:
    """Headings with their sentences: which factor matters, over all topics together and then in each collection."""
    scopes = list(dict.fromkeys(effect.scope for effect in made.effects))
    pairs = sum(effect.comparison.metric == "map" for effect in made.effects)
    for scope in scopes:
        factors = dict.fromkeys(effect.factor for effect in made.effects if effect.scope == scope)
        lines = []
        for factor in sorted(factors, key=lambda factor: -made.spread(scope, factor)):
            lines += [
                _effect(effect)
                for effect in made.effects
                if (effect.scope, effect.factor, effect.comparison.metric) == (scope, factor, "map")
            ]
        where = "all topics together" if scope == ALL else scope
        yield f"Which factor matters by MAP, {where} ({_method(pairs, 'pair')})", lines
    if made.settings[0].seeds > 1:
        yield (
            "What chance does",
            [f"From seed to seed, the MAP of a setting varies by {value(made.seed_deviation())} (standard deviation)."],
        )


def _effect(effect: Effect) -> str:
    """``training text: bt .402 is better than cs .381 by +.021 (95 % interval +.004 to +.038, p = .012)``."""
    made = effect.comparison if effect.comparison.delta >= 0 else effect.comparison.reversed()
    verdict = "is better than" if made.significant else "does not differ significantly from"
    numbers = f"{signed(made.delta)}, 95 % interval {signed(made.low)} to {signed(made.high)}, {p_value(made.p_adjusted)}"
    return f"{effect.factor}: {made.a} {value(made.mean_a)} {verdict} {made.b} {value(made.mean_b)} ({numbers})"


def as_csv(made: Factors) -> str:
    """A line a setting and metric, then one a pair of levels: ``kind`` tells them apart."""
    factors = list(made.settings[0].levels)
    columns = ["kind", "topics_of", *factors, "factor", "metric", "seeds", "mean", "deviation", *_NUMBERS]
    out = io.StringIO()
    table = csv.DictWriter(out, columns, lineterminator="\n")
    table.writeheader()
    for setting in made.settings:
        for metric in METRICS:
            own = {"kind": "setting", "topics_of": setting.collection, **setting.levels, "metric": metric, "seeds": setting.seeds}
            table.writerow(
                own | {"mean": setting.mean[metric], "deviation": setting.deviation[metric], **_numbers(setting.comparisons[metric])}
            )
    for effect in made.effects:
        own = {"kind": "factor", "topics_of": effect.scope, "factor": effect.factor, "metric": effect.comparison.metric}
        table.writerow(own | _numbers(effect.comparison))
    return out.getvalue()


_NUMBERS = ["a", "b", "mean_a", "mean_b", "delta", "low", "high", "p", "p_adjusted", "test", "correction"]


def _numbers(made: Comparison) -> dict[str, float | str]:
    return {column: getattr(made, column) for column in _NUMBERS}


def as_json(made: Factors) -> str:
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
        for setting in made.settings
    ]
    factors = [
        {"topics_of": effect.scope, "factor": effect.factor, "metric": effect.comparison.metric, **_numbers(effect.comparison)}
        for effect in made.effects
    ]
    whole_one = {
        "name": made.name,
        "topics": made.topics,
        "baselines": made.baselines,
        "seed_deviation": {metric: made.seed_deviation(metric) for metric in METRICS},
        "settings": settings,
        "factors": factors,
    }
    return json.dumps(whole_one, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Factors], str]] = {"txt": as_text, "md": as_markdown, "csv": as_csv, "json": as_json}
"""Suffix of each ``grid.*`` file to what writes it."""


def _by_collection(made: Factors) -> Iterator[tuple[str, list[Setting]]]:
    for collection in made.topics:
        yield collection, [setting for setting in made.settings if setting.collection == collection]


def _collection(made: Factors, collection: str) -> str:
    """``sample.yo.test: 84 topics, baseline dense-qt .396``."""
    first = next(setting for setting in made.settings if setting.collection == collection)
    baseline = f"{made.baselines[collection]} {value(first.comparisons['map'].mean_b)}"
    return f"{collection}: {counted(made.topics[collection], 'topic')}, baseline {baseline}"


def _with_deviation(setting: Setting, metric: str) -> str:
    """``.401 ± .004``: mean and standard deviation over the seeds."""
    return value(setting.mean[metric]) + (f" ± {value(setting.deviation[metric])}" if setting.seeds > 1 else "")


def _mark(setting: Setting, metric: str) -> int:
    """1 where significantly better than the baseline, -1 where worse, else 0."""
    made = setting.comparisons[metric]
    return (1 if made.delta > 0 else -1) if made.significant else 0


def _method(tests: int, noun: str) -> str:
    return f"{TESTS['fisher']} over topics, Holm-corrected over {counted(tests, noun)}, p < {value(ALPHA).rstrip('0')}"
