"""What an experiment depends on, besides its collection."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.errors import InputError, unknown
from ..bitext import filters
from ..bitext.beside import Beside, checked
from ..distill.recipe import Recipe, is_number
from ..encoders.convention import POOLING
from ..encoders.models import EMBEDDED
from ..encoders.precision import FLOAT32, PRECISIONS
from ..engines import engine as engines
from ..engines.engine import LOCAL
from ..retrieval import BM25
from ..retrieval.faiss_index import FLAT
from ..translate.translator import LEXICAL


class Devices(tuple[str, ...]):
    """Names of devices, which include any other GPU by its number."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and re.fullmatch(r"cuda:\d{1,3}", name) is not None)


DEVICES = Devices(("auto", "cpu", "cuda", "cuda:1", "mps"))
"""Values of ``--device``. ``mps`` is the GPU of a Mac."""

IN_DOMAIN_BY = {
    "cs": "code-switched in every regime",
    "own": "made in the regime's own way: switched for cs, machine-translated into the language for bt-en and bt; bitext reads none",
}
"""Values of ``--in-domain-by``."""

SWITCHING = {
    "bilingual": "each text has words of one language",
    "multilingual": "a text has words of all languages of the student, drawn word by word (Litschko et al. 2023); needs --with",
}
"""Values of ``--switching``."""


@dataclass(frozen=True)
class Settings:
    """What an experiment depends on, besides its collection. Raises InputError for invalid values.

    Files may be strings, and models' folders may be paths.
    """

    teacher: str = EMBEDDED
    pooling: str | None = None
    """How the teacher's token states become a vector, ``mean`` or ``cls``; None: as its folder says."""
    prefixes: tuple[str, str] | None = None
    """Text put before each topic and before each passage for the teacher; None: as its folder says."""
    student: str | None = None
    """The encoder that the student starts from; None: the teacher."""
    bitext: tuple[Path, ...] = ()
    """Parallel text, as files or names of corpora; empty: the collection's own."""
    bitext_filter: tuple[str, ...] = ()
    """Names of ``bitext.filters.FILTERS``; empty: every pair is used."""
    beside: tuple[Beside, ...] = ()
    """Other languages that students learn besides the collection's, each with its parallel text."""
    lexicon: tuple[Path, ...] = ()
    """Bilingual lexicons of the collection's language."""
    translator: str = LEXICAL
    """``lexical``, or a translation model: a folder, or its name on the Hugging Face Hub."""
    recipe: Recipe = field(default_factory=Recipe)
    switch: float = 0.7
    """Probability that a word is code-switched."""
    switching: str = "bilingual"
    """Which languages the words of a code-switched text are from, one of ``SWITCHING``."""
    monolingual: float = 0.0
    """Share of the training pairs in which the student reads the teacher's English text itself."""
    in_domain: float = 0.5
    """Share of the training pairs that are spans of the collection's own English documents."""
    in_domain_by: str = "cs"
    """How these spans become training pairs, one of ``IN_DOMAIN_BY``."""
    bm25: tuple[float, float] = BM25
    """BM25's k1 and b. The best values depend on the passages: tune them on topics that no result is reported on."""
    spelling: bool = True
    """Whether unknown words of the topics are replaced by the nearest known words."""
    lexical_init: bool = True
    """Whether the language's words are added to the student's vocabulary, with embeddings computed from their translations'."""
    index: str = FLAT
    """The kind of dense index: ``flat``, which is exact, or a FAISS factory string (`retrieval.faiss_index`)."""
    precision: str = FLOAT32
    """The numbers in which documents are encoded, one of ``encoders.precision.PRECISIONS``."""
    device: str = "auto"
    """``cpu``, ``cuda`` (``cuda:1``: the second GPU), ``mps`` (that of a Mac), or ``auto``: a GPU of NVIDIA's if there is one."""
    engine: str = LOCAL
    """What does work that can be shared out: this process (``local``), or Ray (``ray``, ``ray:ADDRESS``). Results are the same."""

    def __post_init__(self) -> None:
        self._check_sources()
        self._check_choices()
        if not isinstance(self.recipe, Recipe):
            raise InputError(f"recipe {self.recipe!r}: expected a Recipe")
        _ = self.recipe.parts
        if not is_number(self.switch, 0, 1):
            raise InputError(f"--switch {self.switch}: expected a probability from 0 to 1")
        if not is_number(self.monolingual, 0, 1) or self.monolingual == 1:
            raise InputError(f"--monolingual {self.monolingual}: expected a share from 0 to below 1")
        if not is_number(self.in_domain, 0, 1) or self.in_domain == 1:
            raise InputError(f"--in-domain {self.in_domain}: expected a share from 0 to below 1")
        numbers = self._several("bm25", (int, float), "k1 and b")
        if len(numbers) != 2 or not is_number(numbers[0], 0, sys.float_info.max) or not is_number(numbers[1], 0, 1):
            raise InputError(f"--bm25 {' '.join(map(str, numbers))}: expected k1, a number from 0, and b, from 0 to 1")

    def _check_sources(self) -> None:
        for name in ("bitext", "lexicon"):
            object.__setattr__(self, name, tuple(Path(file) for file in self._several(name, (str, Path), "files")))
        object.__setattr__(self, "beside", checked(self.beside))
        for name in ("teacher", "student", "translator"):
            value = getattr(self, name)
            if value is None and name == "student":
                continue
            if not isinstance(value, str | Path) or not str(value):
                raise InputError(f"--{name} {value!r}: expected a name or a folder")
            object.__setattr__(self, name, str(value))

    def _check_choices(self) -> None:
        if names := self._several("bitext_filter", (str,), "names"):
            object.__setattr__(self, "bitext_filter", filters.parse(",".join(names)))
        if self.pooling not in (None, *POOLING):
            raise unknown("--pooling", str(self.pooling), POOLING)
        if self.prefixes is not None and len(self._several("prefixes", (str,), "two texts")) != 2:
            raise InputError(f"--prefixes {self.prefixes}: expected two texts, before a topic and before a passage")
        for name in ("spelling", "lexical_init"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} {getattr(self, name)!r}: expected True or False")
        if self.device not in DEVICES:
            raise unknown("--device", str(self.device), DEVICES)
        if self.precision not in PRECISIONS:
            raise unknown("--precision", str(self.precision), PRECISIONS)
        engines.check(self.engine)
        if not isinstance(self.index, str) or not self.index:
            raise InputError(f"--index {self.index!r}: expected flat, or a FAISS factory string such as SQfp16")
        if self.in_domain_by not in IN_DOMAIN_BY:
            raise unknown("--in-domain-by", str(self.in_domain_by), IN_DOMAIN_BY)
        if self.switching not in SWITCHING:
            raise unknown("--switching", str(self.switching), SWITCHING)
        if self.switching == "multilingual" and not self.beside:
            raise InputError("--switching multilingual: needs other languages; name them with --with LANG:FILE")

    def _several(self, name: str, kinds: tuple[type, ...], what: str) -> tuple[Any, ...]:
        """A setting of several values, as a tuple; a list becomes one."""
        values = getattr(self, name)
        option = name.replace("_", "-")
        if not isinstance(values, tuple | list) or not all(isinstance(value, kinds) for value in values):
            raise InputError(f"--{option} {values!r}: expected {what}, as a tuple")
        object.__setattr__(self, name, tuple(values))
        return tuple(values)
