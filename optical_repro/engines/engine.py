"""What does work of many like parts: this process (``local``), or the machines of a Ray cluster (``ray``, ``ray:ADDRESS``)."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from ..base.errors import InputError

Item = TypeVar("Item")
Made = TypeVar("Made")

LOCAL = "local"
RAY = "ray"


class Engine(Protocol):
    """Maps a function over items."""

    parallel: bool
    """Whether it works on many items at once, on copies of them."""

    def map(self, prepare: Callable[[], Callable[[Item], Made]], items: Iterable[Item], device: str = "cpu") -> Iterator[Made]:
        """What the function makes of each item, in the order of the items, which are read as they are needed.

        ``prepare`` gives the function; each worker calls it once, to load what all items need, such as a model on ``device``. An
        InputError of the function is raised here.
        """
        ...


class Local:
    """One item after the other, in this process.

    >>> list(Local().map(lambda: len, ["one", "three"]))
    [3, 5]
    """

    parallel = False

    def map(self, prepare: Callable[[], Callable[[Item], Made]], items: Iterable[Item], device: str = "cpu") -> Iterator[Made]:
        """As ``Engine.map``."""
        return map(prepare(), items)


def check(name: str) -> None:
    """Raises InputError for a name of no engine, and if Ray is asked for and not installed."""
    engine, colon, address = name.partition(":") if isinstance(name, str) else ("", "", "")
    if engine not in (LOCAL, RAY) or (colon and (engine == LOCAL or not address)):
        raise InputError(f"--engine {name}: expected {LOCAL}, {RAY}, or {RAY}:ADDRESS of a cluster's head, such as {RAY}:10.0.0.1:6379")
    if engine == RAY and importlib.util.find_spec("ray") is None:
        raise InputError(f"--engine {name}: ray is not installed; run: pip install 'optical_repro[ray]'")


@functools.cache
def connect(name: str) -> Engine:
    """The engine of a name; a process has one of each. Raises InputError if the cluster cannot be reached or has too few cores."""
    check(name)
    if name == LOCAL:
        return Local()
    from .on_ray import OnRay

    return OnRay(name.partition(":")[2] or None)
