"""Registries: the values of a kind that the files of a folder define, and those that other installed packages add.

A file in the folder that defines a value is all it takes to add one: a name without a maker cannot exist. Another package names its
values as entry points (https://packaging.python.org/specifications/entry-points/) of a group such as ``optical_repro.systems``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib import metadata
from typing import Any, Protocol, TypeVar

from .errors import InputError


class Registered(Protocol):
    """What a registry holds."""

    @property
    def name(self) -> str:
        """As people type it."""
        ...

    @property
    def place(self) -> int:
        """In lists: small numbers come first, those of one number in the order of their names."""
        ...


T = TypeVar("T", bound=Registered)


def registry(folder: str, kind: type[T], group: str) -> dict[str, T]:
    """Name to value, for every value of a kind in the files of a package's folder, and in the entry points of a group.

    A file may define a single value, or a tuple of them. Raises InputError for two values of one name, and for an entry point that
    cannot be loaded or is something else.
    """
    values: dict[str, T] = {}
    for origin, value in (*_of_folder(folder, kind), *added(group, kind)):
        if value.name in values and values[value.name] is not value:
            raise InputError(f"{origin}: {kind.__name__} {value.name} is there already; give it another name, or uninstall one of the two")
        values[value.name] = value
    return {value.name: value for value in sorted(values.values(), key=lambda value: (value.place, value.name))}


def added(group: str, kind: type[T]) -> Iterator[tuple[str, T]]:
    """The values that other packages add, each with the package that it comes from; raises InputError for one that cannot be had."""
    for point in metadata.entry_points(group=group):
        origin = f"{point.dist.name if point.dist else 'a package'} (entry point {point.name} of {group})"
        try:
            loaded = point.load()
        except Exception as error:
            raise InputError(f"{origin}: cannot be loaded ({type(error).__name__}: {error}); mend or uninstall that package") from None
        for value in loaded if isinstance(loaded, tuple) else (loaded,):
            if not isinstance(value, kind):
                raise InputError(f"{origin}: {type(value).__name__}; expected a {kind.__name__}, or a tuple of them")
            yield origin, value


def _of_folder(folder: str, kind: type[T]) -> Iterator[tuple[str, T]]:
    package = importlib.import_module(folder)
    for module in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{folder}.{module.name}")).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, kind):
                    yield f"{folder}.{module.name}", one


def extension(function: Any) -> dict[str, str]:
    """The package, with its version, that defines a function of a registry; empty for this one, whose revisions are in the cache's keys."""
    home = str(getattr(function, "__module__", "")).partition(".")[0]
    if home in ("", "optical_repro"):
        return {}
    packages = metadata.packages_distributions().get(home, [])
    return {package: metadata.version(package) for package in packages} or {home: "unknown"}
