"""What an experiment depends on, besides its collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .distill.recipe import Recipe
from .errors import InputError
from .models import EMBEDDED
from .retrieval import BM25
from .translate.translator import LEXICAL


@dataclass(frozen=True)
class Settings:
    """What an experiment depends on, besides its collection."""

    teacher: str = EMBEDDED
    pooling: str | None = None
    """How the teacher's token states become a vector, ``mean`` or ``cls``; None: as its folder says."""
    prefixes: tuple[str, str] | None = None
    """What the teacher expects before a topic and before a passage; None: as its folder says."""
    student: str | None = None
    """The encoder that the student is made from; None: the teacher."""
    bitext: tuple[Path, ...] = ()
    """Parallel text, as files or names of corpora; empty: the collection's own."""
    bitext_filter: tuple[str, ...] = ()
    """Names of ``bitext.filters.FILTERS``; empty: every pair is used."""
    lexicon: tuple[Path, ...] = ()
    translator: str = LEXICAL
    """``lexical``, or a translation model: a folder, or its name on the Hugging Face Hub."""
    recipe: Recipe = field(default_factory=Recipe)
    switch: float = 0.7
    """Probability that a word is code-switched."""
    in_domain: float = 0.5
    """Share of the training pairs that are code-switched spans of the collection's own English documents, in every regime."""
    bm25: tuple[float, float] = BM25
    """BM25's k1 and b, which depend on the passages: to be tuned on topics that nothing is reported on."""
    spelling: bool = True
    """Whether words of the topics that nothing is known of are read as the nearest known word."""
    lexical_init: bool = True
    """Whether the language's words enter the student's vocabulary, with embeddings made of their translations'."""
    device: str = "auto"
    """``cpu``, ``cuda``, or ``auto``: a GPU if there is one."""

    def __post_init__(self) -> None:
        if not 0 <= self.switch <= 1:
            raise InputError(f"--switch {self.switch}: expected a probability from 0 to 1")
        if not 0 <= self.in_domain < 1:
            raise InputError(f"--in-domain {self.in_domain}: expected a share from 0 to below 1")
        k1, b = self.bm25
        if not (0 <= k1 < float("inf") and 0 <= b <= 1):
            raise InputError(f"--bm25 {k1} {b}: expected k1, a number from 0, and b, from 0 to 1")
