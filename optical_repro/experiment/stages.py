"""The stages of an experiment: made once, kept in the cache by the hash of their inputs, told on the terminal."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.cache import Cache, seconds
from ..base.stages import made_by
from ..base.terminal import duration, say
from ..collections.collection import Collection
from .settings import Settings


class Stages:
    """What all parts of an experiment share: its collection, its settings, and the stages that they keep."""

    def __init__(self, collection: Collection, settings: Settings, cache: Cache) -> None:
        self.collection, self.settings, self.cache = collection, settings, cache
        self.times: dict[str, float] = {}
        """Seconds that the stages of each title took when they were made."""
        self.worked = False
        """Whether a stage was made here, and not only taken from the cache."""
        self._shown: set[Path] = set()

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.settings.recipe.seed

    def stage(self, title: str, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """A stage of the cache, kept by its inputs and what makes it; says what it does and how long it took."""
        if name != "run":  # whose search says what makes it
            inputs = {**inputs, "made by": made_by(name)}
        there = self.cache.has(name, inputs)
        stage = self.cache.stage(name, inputs, make)
        if not there:
            free_memory()
            self.worked = True
        if stage not in self._shown:  # a title may stand for several: a dense index for every student
            self._shown.add(stage)
            took = seconds(stage)
            self.times[title] = self.times.get(title, 0.0) + took
            say(f"  {title:32} {'kept from before' if there else duration(took)}")
        return stage


def free_memory() -> None:
    """Gives freed memory back to the system, where the C library is glibc.

    It keeps blocks below 32 MB for later (mallopt(3)), and those of one stage seldom fit the next.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
