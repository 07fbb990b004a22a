"""A regime: where the training pairs of a student come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..bitext.readers import Pair


class TrainingPair(NamedTuple):
    """The student's text and the teacher's text."""

    student: str
    teacher: str


class Tools(Protocol):
    """What a regime may use to make its pairs."""

    def switched(self, texts: Sequence[str]) -> list[TrainingPair]:
        """Code-switched texts, each with its English original."""
        ...

    def back_translated(self, pairs: Sequence[Pair], by_phrases: bool = False) -> list[TrainingPair]:
        """The pairs' sentences of the language, each with its machine translation into English.

        ``by_phrases``: by the phrase-based translator, whatever ``--translator`` names.
        """
        ...

    def translated(self, texts: Sequence[str], by_phrases: bool = False) -> list[TrainingPair]:
        """English texts machine-translated into the language, each with its original; ``by_phrases`` as above."""
        ...


@dataclass(frozen=True)
class Regime:
    """A name for ``--regime``."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    pairs: Callable[[Sequence[Pair], Tools], list[TrainingPair]]
    """Makes one training pair from each sentence pair; empty for no training."""
    aliases: tuple[str, ...] = ()
    """Other names that people use; an error then suggests the right one."""
    trains: bool = True
    """Whether a student is trained at all."""
    translates: bool = False
    """Whether the translator of ``--translator`` translates sentences of the language into English."""
    translates_english: bool = False
    """Whether it translates English sentences into the language."""
    translates_passages: bool = False
    """Whether it translates ``passages`` into the language."""
    by_phrases: bool = False
    """Whether the phrase-based translator makes its text, whatever ``--translator`` names."""
    needs_bitext: bool = True
    """If False, a lexicon is enough where the documents are English."""
    passages: Callable[[Sequence[str], Tools], list[TrainingPair]] | None = None
    """Makes one training pair from each English text of the collection, in the regime's own way (``--in-domain-by own``).
    None: it has no honest way, and reads sentence pairs alone."""
    in_all: bool = True
    """Whether ``--regime all`` has it; variants of other regimes are asked for by name."""
    place: int = 100
    """In lists: small numbers come first."""
