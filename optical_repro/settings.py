"""What an experiment depends on, besides its collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .distill.recipe import Recipe
from .models import EMBEDDED


@dataclass(frozen=True)
class Settings:
    """What an experiment depends on, besides its collection."""

    teacher: str = EMBEDDED
    bitext: tuple[Path, ...] = ()
    """Parallel text; empty: the collection's own."""
    lexicon: tuple[Path, ...] = ()
    recipe: Recipe = field(default_factory=Recipe)
    switch: float = 0.5
    """Probability that a word is code-switched."""
    lexical_init: bool = True
    """Whether the language's words enter the student's vocabulary, with embeddings made of their translations'."""
    device: str = "auto"
    """``cpu``, ``cuda``, or ``auto``: a GPU if there is one."""
