"""A regime: where the training pairs of a student come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..bitext.readers import Pair


class TrainingPair(NamedTuple):
    """What the student reads, and what its teacher reads."""

    student: str
    teacher: str


class Tools(Protocol):
    """What a regime may use to make its pairs."""

    def switched(self, texts: Sequence[str]) -> list[TrainingPair]:
        """English texts code-switched, each with the English that it was."""
        ...

    def back_translated(self, pairs: Sequence[Pair]) -> list[TrainingPair]:
        """The pairs' sentences of the language, each with its machine translation into English."""
        ...


@dataclass(frozen=True)
class Regime:
    """A name for ``--regime``."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    pairs: Callable[[Sequence[Pair], Tools], list[TrainingPair]]
    """Makes one training pair of each sentence pair; empty for no training."""
    aliases: tuple[str, ...] = ()
    """What people call it too, which an error takes them from."""
    trains: bool = True
    """Whether a student is trained at all."""
    translates: bool = False
    """Whether sentences of the language are machine-translated into English."""
    needs_bitext: bool = True
    """False: where the documents are English, a lexicon is enough."""
    place: int = 100
    """In lists: small numbers come first."""
