"""Registries: the values of one class that the files of a folder define, and those that other installed packages add.

To add a value, put a file that defines it into the folder. Another package declares its values as entry points
(https://packaging.python.org/specifications/entry-points/) of a group such as ``optical_repro.systems``.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from collections.abc import Collection, Iterator
from importlib import metadata
from typing import Any, Protocol, TypeVar


class Named(Protocol):
    """A value with a name."""

    @property
    def name(self) -> str:
        """The name that people type."""
        ...


class Registered(Named, Protocol):
    """A value in a registry."""

    @property
    def place(self) -> int:
        """Place in lists: small numbers come first, equal numbers are ordered by name."""
        ...


T = TypeVar("T", bound=Registered)
N = TypeVar("N", bound=Named)


def registry(folder: str, kind: type[T], group: str) -> dict[str, T]:
    """Name to value, for every value of a class in the files of a package's folder and in the entry points of a group.

    A file may define one value or a tuple of them. A value of another package is left out if its name exists already.
    """
    values: dict[str, T] = {}
    for value in _of_folder(folder, kind):
        assert values.setdefault(value.name, value) is value, f"two values of {folder} are called {value.name}"
    return in_order(values | from_packages(group, kind, values))


def from_packages(group: str, kind: type[N], known: Collection[str]) -> dict[str, N]:
    """Name to value, for the values of other packages. Prints a line on standard error for each that is left out, and why."""
    values: dict[str, N] = {}
    for point in _entry_points().select(group=group):
        origin = f"{point.dist.name if point.dist else 'a package'} (entry point {point.name} of {group})"
        try:
            content = point.load()
        except Exception as error:
            _leave_out(origin, f"it cannot be loaded ({type(error).__name__}: {error})")
            continue
        for value in content if isinstance(content, tuple) else (content,):
            if not isinstance(value, kind):
                _leave_out(origin, f"it is no {kind.__name__}, nor a tuple of them")
            elif value.name in known or value.name in values:
                _leave_out(origin, f"{value.name} is there already")
            else:
                values[value.name] = value
    return values


@functools.cache
def _entry_points() -> Any:
    """Of all installed packages, which are looked through once for all registries."""
    return metadata.entry_points()


def in_order(values: dict[str, T]) -> dict[str, T]:
    """The values ordered by place, then by name."""
    return {value.name: value for value in sorted(values.values(), key=lambda value: (value.place, value.name))}


def _leave_out(origin: str, reason: str) -> None:
    print(f"note: {origin}: left out: {reason}; mend or uninstall that package", file=sys.stderr)


def _of_folder(folder: str, kind: type[T]) -> Iterator[T]:
    package = importlib.import_module(folder)
    for module in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{folder}.{module.name}")).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, kind):
                    yield one


def extension(function: Any) -> dict[str, str]:
    """The package that defines a function, with its version; empty for this package, whose revisions are in the cache keys anyway."""
    home = str(getattr(function, "__module__", "")).partition(".")[0]
    if home in ("", "optical_repro"):
        return {}
    packages = metadata.packages_distributions().get(home, [])
    return {package: metadata.version(package) for package in packages} or {home: "unknown"}
