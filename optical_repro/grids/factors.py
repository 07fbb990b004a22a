"""Which factor matters: scores and compares the runs of a grid, every combination of the factors' levels with several seeds.

A topic is the unit of every test. Scores are averaged over seeds first: more seeds make a setting's score more reliable, and no topic
counts twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.trec import read_qrels, read_run
from ..evaluation import significance
from ..evaluation.metrics import METRICS, evaluate
from ..evaluation.significance import Comparison

if TYPE_CHECKING:
    import numpy as np

ALL = "all"
"""The scope of all collections' topics together."""


@dataclass(frozen=True)
class Trial:
    """One run of the grid."""

    collection: str
    """``<collection>.<lang>.<split>``."""
    levels: dict[str, str]
    """Factor to level."""
    seed: int
    run: Path
    qrels: Path
    baselines: dict[str, Path]
    """System to its run with the same seed, for the systems that the student is compared with."""


@dataclass(frozen=True)
class Setting:
    """One combination of levels on one collection, with all its seeds."""

    collection: str
    levels: dict[str, str]
    seeds: int
    mean: dict[str, float]
    """Metric to the mean over topics and seeds."""
    deviation: dict[str, float]
    """Metric to the standard deviation over seeds of the mean over topics; 0 for one seed."""
    comparisons: dict[str, Comparison]
    """Metric to the comparison with the collection's baseline."""


@dataclass(frozen=True)
class Effect:
    """Two levels of a factor, averaged over everything else."""

    scope: str
    """A collection, or ``all``."""
    factor: str
    comparison: Comparison


@dataclass(frozen=True)
class Factors:
    """The scores of a grid, and their comparisons."""

    name: str
    topics: dict[str, int]
    """Collection to its number of topics."""
    baselines: dict[str, str]
    """Collection to the best of its baselines, by MAP."""
    settings: list[Setting]
    """Collection by collection, best MAP first."""
    effects: list[Effect]
    """Metric by metric; over all collections together first, then over each."""

    def spread(self, scope: str, factor: str, metric: str = "map") -> float:
        """The difference between the best and the worst level of a factor: how much it matters."""
        comparisons = (effect.comparison for effect in self.effects if (effect.scope, effect.factor) == (scope, factor))
        return max((abs(comparison.delta) for comparison in comparisons if comparison.metric == metric), default=0.0)

    def seed_deviation(self, metric: str = "map") -> float:
        """The standard deviation over seeds: the root mean square over the settings."""
        squares = [setting.deviation[metric] ** 2 for setting in self.settings]
        return (sum(squares) / len(squares)) ** 0.5


def read_factors(name: str, trials: Sequence[Trial]) -> Factors:
    """Scores every run and compares settings with baselines, and the levels of each factor with each other.

    Tests are Fisher's, two-sided; p is Holm-corrected over all settings of the grid, and over all pairs of levels in all scopes, within
    each metric. Raises InputError for malformed files.
    """
    collections = list(dict.fromkeys(trial.collection for trial in trials))
    by_collection = {collection: [trial for trial in trials if trial.collection == collection] for collection in collections}
    scores = {collection: _score_settings(group) for collection, group in by_collection.items()}
    baselines = {collection: _best_baseline(group) for collection, group in by_collection.items()}
    return Factors(
        name=name,
        topics={collection: len(read_qrels(group[0].qrels)) for collection, group in by_collection.items()},
        baselines={collection: system for collection, (system, _) in baselines.items()},
        settings=_settings(scores, baselines),
        effects=_effects(scores),
    )


Scores = dict[str, "np.ndarray"]
"""Metric to [seeds, topics], or to [topics]."""
Levels = tuple[tuple[str, str], ...]
"""(factor, level) pairs: a setting, as a key."""


def _score(run: Path, qrels: Path) -> Scores:
    import numpy as np

    scores = evaluate(read_qrels(qrels), read_run(run, finished=True))
    return {metric: np.array(list(values.values())) for metric, values in scores.items()}


def _stack(runs: Iterable[Scores]) -> Scores:
    import numpy as np

    scores_of_runs = list(runs)
    return {metric: np.stack([scores[metric] for scores in scores_of_runs]) for metric in METRICS}


def _score_settings(trials: Sequence[Trial]) -> dict[Levels, Scores]:
    """Each setting of one collection: metric to [seeds, topics]."""
    keys = dict.fromkeys(tuple(trial.levels.items()) for trial in trials)
    return {key: _stack(_score(trial.run, trial.qrels) for trial in trials if tuple(trial.levels.items()) == key) for key in keys}


def _best_baseline(trials: Sequence[Trial]) -> tuple[str, Scores]:
    """The best baseline of one collection by MAP, its scores averaged over seeds: metric to [topics]."""
    scores = {}
    for system in trials[0].baselines:
        # A baseline does not depend on the other factors, except on variants; there the first counts.
        by_seed = {trial.seed: trial for trial in reversed(trials)}
        by_metric = _stack(_score(trial.baselines[system], trial.qrels) for trial in by_seed.values())
        scores[system] = {metric: values.mean(0) for metric, values in by_metric.items()}
    best = max(scores, key=lambda system: scores[system]["map"].mean())
    return best, scores[best]


def _settings(scores_by_collection: Mapping[str, Mapping[Levels, Scores]], baselines: Mapping[str, tuple[str, Scores]]) -> list[Setting]:
    comparisons: list[Comparison] = []
    for collection, by_levels in scores_by_collection.items():
        system, scores = baselines[collection]
        means = {_label(key): {metric: values.mean(0) for metric, values in runs.items()} for key, runs in by_levels.items()}
        comparisons += significance.compare(means | {system: scores}, [(label, system) for label in means], correction="none")
    corrected = iter(_correct(comparisons))
    settings: list[Setting] = []
    for collection, by_levels in scores_by_collection.items():
        comparison_of = {(comparison.a, comparison.metric): comparison for comparison in islice(corrected, len(by_levels) * len(METRICS))}
        for key, runs in by_levels.items():
            setting = Setting(
                collection=collection,
                levels=dict(key),
                seeds=len(runs["map"]),
                mean={metric: float(values.mean()) for metric, values in runs.items()},
                deviation={metric: float(values.mean(1).std(ddof=1)) if len(values) > 1 else 0.0 for metric, values in runs.items()},
                comparisons={metric: comparison_of[_label(key), metric] for metric in METRICS},
            )
            settings.append(setting)
    order = list(scores_by_collection)
    return sorted(settings, key=lambda setting: (order.index(setting.collection), -setting.mean["map"]))


def _label(key: Levels) -> str:
    """``cs, ot+pooled, none``: a setting in words."""
    return ", ".join(level for _, level in key)


def _effects(scores_by_collection: Mapping[str, Mapping[Levels, Scores]]) -> list[Effect]:
    scopes = {ALL: list(scores_by_collection)} if len(scores_by_collection) > 1 else {}
    scopes |= {collection: [collection] for collection in scores_by_collection}
    factors = [factor for factor, _ in next(iter(next(iter(scores_by_collection.values()))))]
    uncorrected: list[tuple[str, str, Comparison]] = []
    for scope, collections in scopes.items():
        for factor in factors:
            levels = list(dict.fromkeys(dict(key)[factor] for key in scores_by_collection[collections[0]]))
            scores = {
                level: _level_scores([scores_by_collection[collection] for collection in collections], factor, level) for level in levels
            }
            # Each variant is a change to the first.
            pairs = [(levels[0], level) for level in levels[1:]] if factor == "variant" else list(combinations(levels, 2))
            comparisons = significance.compare(scores, pairs, correction="none")
            uncorrected += [(scope, factor, comparison) for comparison in comparisons]
    corrected = _correct([comparison for *_, comparison in uncorrected])
    effects = [Effect(scope, factor, comparison) for (scope, factor, _), comparison in zip(uncorrected, corrected, strict=True)]
    return sorted(effects, key=lambda effect: METRICS.index(effect.comparison.metric))


def _level_scores(collections: Sequence[Mapping[Levels, Scores]], factor: str, level: str) -> Scores:
    """Scores of a level, averaged over the other factors and the seeds: metric to [topics of all collections]."""
    import numpy as np

    def of_one(settings: Mapping[Levels, Scores], metric: str) -> np.ndarray:
        return np.mean([runs[metric].mean(0) for key, runs in settings.items() if dict(key)[factor] == level], axis=0)

    return {metric: np.concatenate([of_one(settings, metric) for settings in collections]) for metric in METRICS}


def _correct(comparisons: list[Comparison]) -> list[Comparison]:
    """The comparisons with p Holm-corrected over all those of the same metric."""
    import numpy as np

    corrected = list(comparisons)
    for metric in METRICS:
        places = [place for place, comparison in enumerate(comparisons) if comparison.metric == metric]
        p_values = significance.adjust(np.array([comparisons[place].p for place in places]), "holm")
        for place, p in zip(places, p_values.tolist(), strict=True):
            corrected[place] = replace(comparisons[place], p_adjusted=p, correction="holm")
    return corrected
