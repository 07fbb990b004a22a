"""Whether the runs of a folder belong into one table: one collection, unchanged bytes, and what differs in how they were made."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.files import DAMAGED

PARTS = {
    "digest": "documents",
    "topics": "topics",
    "qrels_digest": "judgements",
    "human_topics": "people's translations of the topics",
}
"""What a manifest tells of its collection, in words; another source, licence or place of the same texts makes no other collection."""

ARGUMENTS = ("bm25", "switch", "in_domain", "translator", "objective", "steps", "learns")
"""Arguments of optical_repro.run that tell of settings where a manifest has no "settings": those of version 0.2."""


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """In what two descriptions of a collection differ, in words; None where both tell the same as far as both tell."""
    for part, words in PARTS.items():
        if one.get(part) and other.get(part) and one[part] != other[part]:
            return words
    return None


def refuse_mixed(folder: Path, manifests: Mapping[str, Mapping[str, Any]], qrels_path: Path, qrels_digest: str) -> None:
    """Raises InputError where runs are of different collections, or of other judgements than those that they are scored with."""
    told = {name: manifest["collection"] for name, manifest in manifests.items() if manifest.get("collection")}
    for number, (name, collection) in enumerate(told.items()):
        for before in list(told)[:number]:
            if what := differing(told[before], collection):
                remedy = 'keep them apart by --runs-dir, or by another "name" in one collection\'s collection.json'
                raise InputError(f"{folder}: {before} and {name} are runs of two collections of this name (other {what}); {remedy}")
        if collection.get("qrels_digest", qrels_digest) != qrels_digest:
            remedy = "name the folder of those with --qrels-dir, or make the runs again"
            raise InputError(f"{qrels_path}: not the judgements of the collection that {name} was run on; {remedy}")


def refuse_changed(paths: Mapping[str, Path], manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises InputError for a run whose bytes are not those that its manifest recorded; ``paths``: system to run."""
    for name, path in paths.items():
        recorded = manifests.get(name, {}).get("run_sha256")
        if recorded and _sha256(path) != recorded:
            remedy = f"make it again by the manifest's command, or remove {name}.manifest.json to compare it as somebody else's"
            raise InputError(f"{path}: not the run that {name}.manifest.json tells of (cut short, changed, or another system's); {remedy}")


def _sha256(path: Path) -> str:
    """Of what a run says, packed or not; empty where it cannot be unpacked."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except DAMAGED:
        return ""


def settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a run depended on, as its manifest tells."""
    if "settings" in manifest:
        return dict(manifest["settings"])
    arguments = manifest.get("arguments", {})
    told = {name.replace("_", "-" if name == "in_domain" else " "): arguments[name] for name in ARGUMENTS if name in arguments}
    version = manifest.get("versions", {}).get("optical_repro")
    return ({"seed": manifest["seed"]} if "seed" in manifest else {}) | told | ({"optical_repro": version} if version else {})


def shared(told: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings in which all agree that have them."""
    values: dict[str, list[Any]] = {}
    for one in told:
        for name, value in one.items():
            values.setdefault(name, []).append(value)
    return {name: given[0] for name, given in values.items() if all(value == given[0] for value in given)}


def differences(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """For each setting that differs a sentence that says where: ``optical-bt: seed 7, the others 42``.

    ``told``: system to its settings; a system that lacks a setting does not depend on it.
    """
    lines = []
    for setting in dict.fromkeys(name for one in told.values() for name in one):
        groups: dict[str, list[str]] = {}
        for system, one in told.items():
            if setting in one:
                groups.setdefault(_in_words(one[setting]), []).append(system)
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


def without_manifest(names: Iterable[str], manifests: Mapping[str, Any]) -> list[str]:
    """A line on the runs that no manifest tells of; none where all have one."""
    lacking = [name for name in names if name not in manifests]
    return [f"{', '.join(lacking)}: no manifest tells how {'it was' if len(lacking) == 1 else 'they were'} made"] if lacking else []
