"""The one interface of everything that translates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..lexicon.lexicon import Lexicon

LEXICAL = "lexical"
"""The name of the engine that everyone has: word by word, with a lexicon."""

MODEL = "MODEL"
"""The engine of translation models, which are asked for by their own names."""

TRANSLATOR_HELP = """\
what translates topics, documents (bm25-dt) and the training text of bt: lexical, word by word (the default), or a translation model
(NLLB-200, M2M-100, MADLAD-400, opus-mt; of transformers or converted for CTranslate2), a folder or a name on the Hugging Face Hub"""
"""What the commands say of ``--translator``."""


class Translator(Protocol):
    """Translates texts of one language into another."""

    name: str
    """As it was asked for: ``lexical``, a folder, or a name on the Hugging Face Hub."""

    @property
    def identity(self) -> str:
        """A hash of what its translations depend on."""
        ...

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts."""
        ...


class Materials(Protocol):
    """What an engine may make its translators of."""

    @property
    def name(self) -> str:
        """The engine as it was asked for, by ``--translator``."""
        ...

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        ...

    @property
    def memories(self) -> Path:
        """The folder in which translations are kept, sentence by sentence."""
        ...

    @property
    def lexicon_key(self) -> str:
        """Tells the lexicon from others."""
        ...

    def lexicon_into(self, target: str) -> Lexicon:
        """The lexicon of the low-resource language and English, into one of the two."""
        ...


class Translators(Protocol):
    """An engine that is ready to translate."""

    @property
    def version(self) -> str:
        """Tells the model from others of its name; empty where the lexicon says it all."""
        ...

    @property
    def library(self) -> str | None:
        """The package that runs it, where a manifest would not record it otherwise."""
        ...

    def between(self, source: str, target: str) -> Translator:
        """The translator from one language into another; raises InputError for a pair that it does not have."""
        ...

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Translates a word from each language into the other; raises InputError, before any work, for what is missing or wrong."""
        ...


@dataclass(frozen=True)
class Engine:
    """A name for ``--translator``."""

    name: str
    meaning: str
    """For --help and documents, in half a line."""
    load: Callable[[Materials], Translators]
    """Finds what it translates with; raises InputError where that is not there."""
    by_lexicon: bool = False
    """Whether its translations depend on the lexicon: on the bitext and the seed; then topics are respelled first, and it knows no
    languages but the lexicon's and English."""
    place: int = 100
    """In lists: small numbers come first."""
