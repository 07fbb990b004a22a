"""The common interface of all translators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..lexicon.lexicon import Lexicon

LEXICAL = "lexical"
"""The name of the engine that is always available: word by word, with a lexicon."""

MODEL = "MODEL"
"""The engine of translation models, which users choose by the models' own names."""

TRANSLATOR_HELP = """\
what translates topics, documents (bm25-dt) and the training text of bt: lexical, word by word (the default), or a translation model
(NLLB-200, M2M-100, MADLAD-400, opus-mt; of transformers or converted for CTranslate2), a folder or a name on the Hugging Face Hub"""
"""Help text of ``--translator``."""


class Translator(Protocol):
    """Translates texts of one language into another."""

    name: str
    """As the user wrote it: ``lexical``, a folder, or a name on the Hugging Face Hub."""

    @property
    def identity(self) -> str:
        """A hash of everything that its translations depend on."""
        ...

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts."""
        ...


class Materials(Protocol):
    """What an engine may use for its translators."""

    @property
    def name(self) -> str:
        """The value of ``--translator``."""
        ...

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        ...

    @property
    def memories(self) -> Path:
        """The folder of translation memories, which keep sentences' translations."""
        ...

    @property
    def lexicon_key(self) -> str:
        """A key of the lexicon, different for each."""
        ...

    def lexicon_into(self, target: str) -> Lexicon:
        """The lexicon of the low-resource language and English, into one of the two."""
        ...


class Translators(Protocol):
    """An engine that is ready to translate."""

    @property
    def version(self) -> str:
        """Distinguishes models of one name; empty for an engine that depends only on the lexicon."""
        ...

    @property
    def library(self) -> str | None:
        """The package that runs it, if manifests do not record that anyway."""
        ...

    def between(self, source: str, target: str) -> Translator:
        """The translator from one language into another. Raises InputError for a pair that it does not have."""
        ...

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Translates a word in each direction. Raises InputError, before any work, if something is missing or wrong."""
        ...


@dataclass(frozen=True)
class Engine:
    """A name for ``--translator``."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    load: Callable[[Materials], Translators]
    """Gets the engine ready to translate. Raises InputError if its model is missing."""
    by_lexicon: bool = False
    """Whether its translations depend on the lexicon, and so on the bitext and the seed. Then topics are respelled first, and it
    has only the lexicon's language and English."""
    place: int = 100
    """In lists: small numbers come first."""
