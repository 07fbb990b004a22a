"""How the runs of a folder were made, as their manifests tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base.errors import InputError
from ..bitext import named
from ..bitext.beside import parse as parse_beside
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
    bitext: dict[str, str] = field(default_factory=dict)
    """File of parallel text, with the beginning of its hash, to what is known of its licence and citation."""

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
        bitext={file: terms for manifest in manifests.values() for file, terms in parallel_text(manifest)},
    )


def parallel_text(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files of parallel text of one run, and what is known of each."""
    setting, arguments = provenance.settings(manifest), manifest.get("arguments") or {}
    files, asked = _list(setting.get("bitext")), arguments.get("bitext")
    for place, file in enumerate(files):
        name = str(asked[place]) if isinstance(asked, list) and len(asked) == len(files) else ""
        own = "licence not known" if asked is None else "licence not known: a file of yours" if asked else "comes with the collection"
        yield str(file), named.described(name) or own
    try:
        beside = parse_beside(map(str, _list(arguments.get("with"))))
    except InputError:  # no command wrote this manifest
        beside = ()
    for other in map(str, _list(setting.get("with"))):
        names = [str(name) for lang, corpora in beside if other.startswith(f"{lang}: ") for name in corpora]
        yield other, "; ".join(named.described(name) or "licence not known: a file of yours" for name in names) or "licence not known"


def _machine(record: Mapping[str, Any]) -> str:
    """``Linux, x86_64, 2 cores``."""
    parts = [str(record[key]) for key in ("system", "processor", "gpu") if record.get(key)]
    return ", ".join(parts + ([f"{record['cores']} cores"] if record.get("cores") else []))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
