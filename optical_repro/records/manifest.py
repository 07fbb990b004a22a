"""Manifests: what is needed to reproduce a run, in a file beside it. Their form, and how they are read and written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from ..base.errors import bad_line
from ..base.files import read_json, whole

MANIFEST = ".manifest.json"
"""The end of a manifest's file name, after the system's name."""

EXPECTED = "a manifest as optical_repro.run writes it (delete it to do without)"


class Manifest(TypedDict, total=False):
    """The content of a manifest; manifests of earlier versions or of other people may lack any part."""

    system: str
    command: str
    """The command to type again, without paths of a home folder and without secrets."""
    arguments: dict[str, Any]
    seed: int
    run_sha256: str
    collection: dict[str, Any]
    """Name, languages, split, digests, licence, citation, topics."""
    settings: dict[str, Any]
    """Settings that the run depends on, besides the collection and the system's name."""
    inputs: dict[str, str]
    """File to SHA-256."""
    translation: list[dict[str, str]]
    training: dict[str, Any] | None
    """The system's student: recipe, losses, alignment, checkpoint; None for a system without one."""
    seconds: dict[str, float]
    versions: dict[str, str]
    machine: dict[str, Any]


FORM: dict[tuple[str, ...], type | tuple[type, ...]] = {
    ("command",): str,
    ("arguments",): (dict, type(None)),
    ("arguments", "teacher"): (str, type(None)),
    ("collection",): (dict, type(None)),
    ("collection", "lang"): str,
    ("collection", "doc_lang"): str,
    ("settings",): (dict, type(None)),
    ("versions",): (dict, type(None)),
    ("training",): (dict, type(None)),
    ("training", "checkpoint"): str,
    ("training", "checkpoint_sha256"): str,
    ("training", "teacher"): (str, type(None)),
    ("training", "respelled_by"): (str, type(None)),
}
"""The parts of manifests that are read: their keys and types."""

OF_A_STUDENT = (("training", "checkpoint"), ("training", "checkpoint_sha256"))
"""What a manifest needs to find its student again; other keys may be absent."""


def read(path: Path, needed: Collection[tuple[str, ...]] = OF_A_STUDENT) -> dict[str, Any]:
    """Reads a manifest; raises InputError for any other file, for a wrong value in a place that is read, and for what is missing.

    ``needed``: keys of ``FORM`` that must be there if the part above them is.
    """
    manifest = read_json(path, EXPECTED)
    if not isinstance(manifest, dict):
        raise bad_line(path, 1, "no object of JSON", EXPECTED)
    for keys, kind in FORM.items():
        value: Any = manifest
        for key in keys[:-1]:
            value = value.get(key) or {}
        if (keys[-1] in value or (value and keys in needed)) and not isinstance(value.get(keys[-1]), kind):
            raise bad_line(path, 1, f'no usable "{".".join(keys)}" in it', EXPECTED)
    return manifest


def read_all(folder: Path) -> dict[str, dict[str, Any]]:
    """System to its manifest, in the order of the names; a student need not be found again."""
    return {path.name.removesuffix(MANIFEST): read(path, ()) for path in sorted(folder.glob(f"*{MANIFEST}"))}


def with_students(paths: Iterable[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The manifests among these of systems that have a student, with their paths, in the order of the paths."""
    for path in sorted(paths):
        manifest = read(path)
        if manifest.get("training"):
            yield path, manifest


def write(folder: Path, manifest: Manifest) -> None:
    """Writes a system's manifest beside its run."""
    with whole(folder / f"{manifest['system']}{MANIFEST}") as file:
        json.dump(manifest, file, indent=1, ensure_ascii=False)


def described_collection(manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The collection's record in the manifests, preferably one with people's translations; empty if there is none."""
    records = [manifest["collection"] for manifest in manifests.values() if manifest.get("collection")]
    return next((record for record in records if record.get("human_topics")), records[0] if records else {})
