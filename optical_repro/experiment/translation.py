"""Translation in an experiment: of topics, documents and training text."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from ..base.files import digest, whole
from ..bitext.readers import Pair
from ..collections.collection import Passage
from ..engines.engine import Engine as Workers
from ..lexicon.alignment import Link
from ..lexicon.lexicon import Lexicon
from ..translate.engines import engine
from ..translate.translator import MODEL, PHRASE, Engine, SharedOut, TrainedOnBitext, Translator, Translators
from . import monolingual
from .models import Models
from .stages import Stages
from .words import Words

TOGETHER = 500
"""Passages translated together: enough for batches of sentences of similar length."""


class Translation:
    """The translation engine that the settings name, and its materials."""

    def __init__(self, stages: Stages, models: Models, words: Words, of_all: Translation | None = None) -> None:
        """``of_all``: the one whose translators serve here too, if they depend on no language's words."""
        self._stages, self._models, self._words, self._of_all = stages, models, words, of_all
        self.engine: Engine = engine(stages.settings.translator)

    @property
    def name(self) -> str:
        """The engine's name in the settings."""
        return self._stages.settings.translator

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        return self._models.device

    @property
    def memories(self) -> Path:
        """The folder of translation memories, which keep sentences' translations."""
        return self._stages.cache.folder / "translation-memory"

    @property
    def lexicon_key(self) -> str:
        """A key of the lexicon, different for each."""
        return self._words.stage.name

    def lexicon_into(self, target: str) -> Lexicon:
        """The lexicon into English, or its reverse."""
        return self._words.lexicon_into(target)

    # ---- what engines that are trained on the bitext need

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self._stages.seed

    @property
    def pairs(self) -> list[Pair]:
        """The bitext after filtering."""
        return self._words.pairs

    @cached_property
    def parts(self) -> list[int]:
        """The part of each pair, for cross-fitting."""
        from ..translate.phrases.parts import parts

        return parts(self.pairs)

    @property
    def links(self) -> list[list[Link]]:
        """The links of each pair's words."""
        return self._words.links

    @property
    def listed(self) -> list[Lexicon]:
        """The lexicons of files, and CLDR's names."""
        return self._words.listed

    def monolingual(self, lang: str) -> Iterator[str]:
        """The collection's text in a language."""
        return monolingual.texts(self._stages.collection, lang, self.seed)

    def monolingual_key(self, lang: str) -> Any:
        """A key of this text."""
        return monolingual.key(self._stages.collection, lang)

    def stage(self, title: str, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """The folder of a stage of the cache, made if it is missing."""
        return self._stages.stage(title, name, inputs, make)

    # ---- translators

    @cached_property
    def translators(self) -> Translators:
        """The engine, ready to translate. Raises InputError if its model is missing."""
        return self._of_all.translators if self._of_all else self.engine.load(self)

    def of(self, words: Words) -> Translation:
        """The same engine with the words of another language; a translation model, which has many languages, is loaded once."""
        return Translation(self._stages, self._models, words, self if self.engine.name == MODEL else None)

    @cached_property
    def phrase_translators(self) -> Translators:
        """The phrase-based engine, whatever the settings name."""
        return engine(PHRASE).load(self)

    def between(self, source: str, target: str) -> Translator:
        """The translator from one language into another. Raises InputError for a pair that the engine does not have."""
        return self.translators.between(source, target)

    def translated(self, what: str, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translations of texts by the engine that the settings name."""
        translator = self.between(source, target)
        return translator.translate(texts) if self.engine.at_once else self.kept(f"{what} translated", texts, translator, source, target)

    def own_sentences(self, texts: Sequence[str], translators: Translators, source: str, target: str) -> list[str]:
        """Translations of the bitext's own sentences. An engine that is trained on the bitext has not read them."""
        if isinstance(translators, TrainedOnBitext):
            return self.kept("training text translated", texts, translators.unread(source, target), source, target)
        return self.translated("training text", texts, source, target)

    def kept(self, title: str, texts: Sequence[str], translator: Translator, source: str, target: str) -> list[str]:
        """Translations that take long: a stage of the cache."""

        def make(folder: Path) -> None:
            with whole(folder / "translations.json") as file:
                json.dump(translator.translate(texts), file, ensure_ascii=False, indent=0)

        inputs = {"texts": digest(list(texts)), "translator": translator.identity, "from": source, "to": target}
        stage = self._stages.stage(title, "translation", inputs, make)
        return list(json.loads((stage / "translations.json").read_text(encoding="utf-8")))


def translations(passages: Iterable[Passage], translator: Translator, workers: Workers) -> Iterator[Passage]:
    """The passages in another language, streaming; ``workers`` translate, if the translator can be shared out."""
    read: deque[list[Passage]] = deque()

    def parts() -> Iterator[list[str]]:
        stream = iter(passages)
        while part := list(islice(stream, TOGETHER)):
            read.append(part)
            yield [text for passage in part for text in (passage.title, passage.text)]

    made = translator.translate_parts(parts(), workers) if isinstance(translator, SharedOut) else map(translator.translate, parts())
    for translated in made:
        texts = iter(translated)
        yield from (Passage(passage.id, next(texts), next(texts)) for passage in read.popleft())
