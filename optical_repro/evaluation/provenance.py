"""Whether the runs of a folder belong in one table: one collection, unchanged files; and the settings that differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.files import opened

PARTS = {
    "digest": "documents",
    "topics": "topics",
    "qrels_digest": "judgements",
    "human_topics": "people's translations of the topics",
}
"""Parts of a collection's record that must agree, in words; the same texts from another source or place are the same collection."""

ARGUMENTS = ("bm25", "switch", "in_domain", "translator", "objective", "steps", "learns")
"""Arguments of optical_repro.run that stand for settings in manifests without "settings", those of version 0.2."""


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """The first part in which two records of a collection differ, in words; None if all parts that both have agree."""
    for part, words in PARTS.items():
        if one.get(part) and other.get(part) and one[part] != other[part]:
            return words
    return None


def refuse_mixed(folder: Path, manifests: Mapping[str, Mapping[str, Any]], qrels_path: Path, qrels_digest: str) -> None:
    """Raises InputError if runs are of different collections, or are scored with other judgements than their collection's."""
    collections = {name: manifest["collection"] for name, manifest in manifests.items() if manifest.get("collection")}
    for number, (name, collection) in enumerate(collections.items()):
        for before in list(collections)[:number]:
            if part := difference(collections[before], collection):
                remedy = 'keep them apart by --runs-dir, or by another "name" in one collection\'s collection.json'
                raise InputError(f"{folder}: {before} and {name} are runs of two collections of this name (other {part}); {remedy}")
        if collection.get("qrels_digest", qrels_digest) != qrels_digest:
            remedy = "name the folder of those with --qrels-dir, or make the runs again"
            raise InputError(f"{qrels_path}: not the judgements of the collection that {name} was run on; {remedy}")


def refuse_changed(paths: Mapping[str, Path], manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises InputError for a run with another hash than its manifest recorded. ``paths``: system to run file."""
    for name, path in paths.items():
        expected = manifests.get(name, {}).get("run_sha256")
        if expected and _sha256(path) != expected:
            remedy = f"make it again by the manifest's command, or remove {name}.manifest.json to compare it as somebody else's"
            raise InputError(f"{path}: not the run that {name}.manifest.json tells of (cut short, changed, or another system's); {remedy}")


def _sha256(path: Path) -> str:
    """The hash of a run's unpacked content, empty if it cannot be unpacked; raises InputError for a run that cannot be read."""
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except InputError:
        if path.suffix != ".gz":
            raise
        return ""


def settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a run depended on, from its manifest."""
    if "settings" in manifest:
        return dict(manifest["settings"])
    arguments = manifest.get("arguments", {})
    values = {name.replace("_", "-" if name == "in_domain" else " "): arguments[name] for name in ARGUMENTS if name in arguments}
    version = manifest.get("versions", {}).get("optical_repro")
    return ({"seed": manifest["seed"]} if "seed" in manifest else {}) | values | ({"optical_repro": version} if version else {})


def shared(settings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings on which all systems that have them agree."""
    values_of: dict[str, list[Any]] = {}
    for system in settings:
        for name, value in system.items():
            values_of.setdefault(name, []).append(value)
    return {name: values[0] for name, values in values_of.items() if all(value == values[0] for value in values)}


def differences(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each setting that differs: ``optical-bt: seed 7, the others 42``.

    ``settings``: system to its settings; a system that lacks a setting does not depend on it.
    """
    lines = []
    for setting in dict.fromkeys(name for values in settings.values() for name in values):
        groups: dict[str, list[str]] = {}
        for system, values in settings.items():
            if setting in values:
                groups.setdefault(_in_words(values[setting]), []).append(system)
        if len(groups) < 2:
            continue
        most = max(map(len, groups.values()))
        usual = [value for value, systems in groups.items() if len(systems) == most > 1]
        others = usual[0] if len(usual) == 1 else None
        parts = [f"{', '.join(systems)}: {setting} {value}" for value, systems in groups.items() if value != others]
        lines.append("; ".join(parts) + (f", the others {others}" if others is not None else ""))
    return lines


def _in_words(value: Any) -> str:
    """A setting's value: ``0.9 0.4``, ``none``, ``yes``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(_in_words(part) if part != "" else '""' for part in value) or "none"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def left_out(collection: Mapping[str, Any]) -> list[str]:
    """A note on the topics of a collection that have no judgement; no note if all have one."""
    number = collection.get("left_out") or 0
    return [f"{number:,} topic{'' if number == 1 else 's'} without a judgement left out"] if number else []


def without_manifest(names: Iterable[str], manifests: Mapping[str, Any]) -> list[str]:
    """A note on the runs without a manifest; no note if all have one."""
    missing = [name for name in names if name not in manifests]
    return [f"{', '.join(missing)}: no manifest tells how {'it was' if len(missing) == 1 else 'they were'} made"] if missing else []
