"""A grid's report in the form of report.json: the systems are its settings, ``language: levels``, and the baseline of each language."""

from __future__ import annotations

from typing import Any


def as_report(grid: dict[str, Any]) -> dict[str, Any]:
    """Takes grid.json's content; adds to report.json's keys ``baselines``, ``deviations`` (as ``systems``), and ``effects``."""
    short_names = _short_names(list(grid["topics"]))
    factors = {factor for setting in grid["settings"] for factor in setting["levels"]}
    varying = {factor for factor in factors if len({setting["levels"][factor] for setting in grid["settings"]}) > 1}
    systems: dict[str, dict[str, float]] = {}
    deviations: dict[str, dict[str, float]] = {}
    comparisons, baselines = [], []
    for setting in grid["settings"]:
        prefix = short_names[setting["collection"]] + ": "
        levels = ", ".join(level for factor, level in setting["levels"].items() if factor in varying)
        name, baseline = prefix + (levels or "student"), prefix + grid["baselines"][setting["collection"]]
        if baseline not in systems:
            baselines.append(baseline)
            systems[baseline] = {metric: comparison["mean_b"] for metric, comparison in setting["comparisons"].items()}
        systems[name] = setting["mean"]
        if setting["seeds"] > 1:
            deviations[name] = setting["deviation"]
        comparisons += [comparison | {"metric": metric, "a": name, "b": baseline} for metric, comparison in setting["comparisons"].items()]
    effects = [effect | {"topics_of": short_names.get(effect["topics_of"], effect["topics_of"])} for effect in grid["factors"]]
    return {
        "topics": sum(grid["topics"].values()),
        "systems": systems,
        "comparisons": comparisons,
        "baselines": baselines,
        "deviations": deviations,
        "effects": effects,
    }


def _short_names(collections: list[str]) -> dict[str, str]:
    """``afriqa-gold.yo.test`` and ``afriqa-gold.ha.test`` as ``yo`` and ``ha``: the parts that differ."""
    parts = [collection.split(".") for collection in collections]
    if len(set(map(len, parts))) > 1:
        return dict(zip(collections, collections, strict=True))
    places = [place for place, column in enumerate(zip(*parts, strict=True)) if len(set(column)) > 1] or [1]
    return {collection: ".".join(names[place] for place in places) for collection, names in zip(collections, parts, strict=True)}
