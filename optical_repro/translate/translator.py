"""The common interface of all translators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ..bitext.readers import Pair
    from ..engines.engine import Engine as Workers
    from ..lexicon.alignment import Link
    from ..lexicon.lexicon import Lexicon

LEXICAL = "lexical"
"""The name of the engine that is always available: word by word, with a lexicon."""

PHRASE = "phrase"
"""The name of the engine that is trained on the bitext alone: phrase by phrase."""

MODEL = "MODEL"
"""The engine of translation models, which users choose by the models' own names."""

TRANSLATOR_HELP = """\
what translates topics, documents (bm25-dt) and the training text of bt: lexical, word by word (the default); phrase, phrase by phrase,
trained on the parallel text alone; or a translation model
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


@runtime_checkable
class SharedOut(Protocol):
    """What a translator has besides if many machines can translate for it."""

    def translate_parts(self, parts: Iterable[Sequence[str]], workers: Workers) -> Iterator[list[str]]:
        """The translations of each part, the same as ``translate`` makes of one part after the other; parts are read as needed."""
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

    # ---- for engines that are trained on the bitext

    @property
    def seed(self) -> int:
        """The seed of everything random, such as the word links."""
        ...

    @property
    def pairs(self) -> Sequence[Pair]:
        """The bitext."""
        ...

    @property
    def parts(self) -> Sequence[int]:
        """The part of each pair, for cross-fitting."""
        ...

    @property
    def links(self) -> Sequence[Sequence[Link]]:
        """The links of each pair's words; the bitext is aligned when they are first needed."""
        ...

    @property
    def listed(self) -> Sequence[Lexicon]:
        """The lexicons that are not from the bitext, into English."""
        ...

    def monolingual(self, lang: str) -> Iterator[str]:
        """Texts of the collection in a language, such as its documents; none if it has none in it."""
        ...

    def monolingual_key(self, lang: str) -> Any:
        """A key of these texts."""
        ...

    def stage(self, title: str, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """The folder of a stage of the cache, made if it is missing; its makers are in ``base.stages.MAKERS``."""
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


@runtime_checkable
class TrainedOnBitext(Protocol):
    """What an engine that is trained on the bitext has besides."""

    def unread(self, source: str, target: str) -> Translator:
        """The translator of the bitext's own sentences, none of which it was trained on."""
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
    at_once: bool = False
    """Whether it translates so quickly that the cache does not keep its translations."""
    place: int = 100
    """In lists: small numbers come first."""
