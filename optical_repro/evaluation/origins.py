"""How the runs of a folder were made, as their manifests tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..records.manifest import described_collection
from . import provenance


@dataclass(frozen=True)
class Origin:
    """The commands, versions and data behind a folder of runs; whatever no manifest tells is empty."""

    name: str
    """The folder's."""
    commands: dict[str, list[str]] = field(default_factory=dict)
    """Command to the systems that it made."""
    seeds: list[int] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    """Package to its version, where all runs have the same."""
    machine: list[str] = field(default_factory=list)
    source: str = ""
    """The collection, as it was asked for."""
    license: str = ""
    """The collection's, as is the citation."""
    citation: str = ""
    bitext: list[str] = field(default_factory=list)
    """Files of parallel text, each with the beginning of its hash."""

    def __bool__(self) -> bool:
        """Whether a manifest tells anything."""
        return bool(self.commands or self.source or self.license or self.citation)


def origin(name: str, manifests: Mapping[str, Mapping[str, Any]]) -> Origin:
    """The origin of a folder's runs. ``manifests``: system to manifest; parts may be missing from it."""
    commands: dict[str, list[str]] = {}
    for system, manifest in manifests.items():
        if manifest.get("command"):
            commands.setdefault(manifest["command"], []).append(system)
    settings = [provenance.settings(manifest) for manifest in manifests.values()]
    collection = described_collection(manifests)
    return Origin(
        name=name,
        commands=commands,
        seeds=sorted({setting["seed"] for setting in settings if isinstance(setting.get("seed"), int)}),
        versions=provenance.shared(manifest.get("versions") or {} for manifest in manifests.values()),
        machine=list(dict.fromkeys(filter(None, (_machine(manifest.get("machine") or {}) for manifest in manifests.values())))),
        source=str(collection.get("source") or ""),
        license=str(collection.get("license") or ""),
        citation=str(collection.get("citation") or ""),
        bitext=list(dict.fromkeys(str(file) for setting in settings for file in _list(setting.get("bitext")))),
    )


def _machine(record: Mapping[str, Any]) -> str:
    """``Linux, x86_64, 2 cores``."""
    parts = [str(record[key]) for key in ("system", "processor", "gpu") if record.get(key)]
    return ", ".join(parts + ([f"{record['cores']} cores"] if record.get("cores") else []))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
