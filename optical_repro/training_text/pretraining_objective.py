"""Pre-training: masked language modelling before distillation. Objectives differ in their text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..bitext.readers import Pair

SENTENCE = 32
"""Words in a span of a passage, about a sentence of an encyclopedia: passages then take no more time than parallel text."""


class PreTrainingText(NamedTuple):
    """The material for texts: the same sentences and passages for every objective that uses them."""

    pairs: Sequence[Pair]
    passages: Sequence[str]
    """Spans of the collection's documents."""
    english_passages: bool
    """Whether the passages are in English, and can be code-switched."""
    switched: Callable[[Sequence[str]], Sequence[str]]
    """Code-switches English texts."""


@dataclass(frozen=True)
class PreTraining:
    """A name for ``--pretrain``."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    texts: Callable[[PreTrainingText], list[tuple[str, ...]]]
    """Makes the texts to mask, each of one part, or a sentence and its translation; empty for no pre-training."""
    place: int = 100
    """In lists: small numbers come first."""
