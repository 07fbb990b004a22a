"""The stages of an experiment: computed once, kept in the cache by the hash of their inputs, reported on the terminal."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.cache import Cache, seconds
from ..base.stages import made_by
from ..base.terminal import duration, say
from ..collections.collection import Collection
from ..engines.engine import Engine, connect
from .settings import Settings


class Stages:
    """What all parts of an experiment share: its collection, its settings and its stages."""

    def __init__(self, collection: Collection, settings: Settings, cache: Cache) -> None:
        self.collection, self.settings, self.cache = collection, settings, cache
        self.times: dict[str, float] = {}
        """Title to the seconds that its stages took when they were computed."""
        self.worked = False
        """Whether a stage was computed here, not only taken from the cache."""
        self._shown: set[Path] = set()

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.settings.recipe.seed

    @property
    def engine(self) -> Engine:
        """What does the work that many machines can share."""
        return connect(self.settings.engine)

    def has(self, name: str, inputs: dict[str, Any]) -> bool:
        """Whether the cache has a stage."""
        return self.cache.has(name, {**inputs, "made by": made_by(name)})

    def stage(self, title: str, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """The folder of a stage, from the cache or computed now; its key is its inputs and its makers. Prints its title and time."""
        if name != "run":  # a run's inputs have its makers already
            inputs = {**inputs, "made by": made_by(name)}
        cached = self.cache.has(name, inputs)
        stage = self.cache.stage(name, inputs, make)
        if not cached:
            free_memory()
            self.worked = True
        if stage not in self._shown:  # stages may share a title, such as the dense indexes of students
            self._shown.add(stage)
            elapsed = seconds(stage)
            self.times[title] = self.times.get(title, 0.0) + elapsed
            say(f"  {title:32} {'kept from before' if cached else duration(elapsed)}")
        return stage


def free_memory() -> None:
    """Returns freed memory to the system if the C library is glibc.

    It keeps blocks below 32 MB for later (mallopt(3)), and those of one stage seldom fit the next.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
