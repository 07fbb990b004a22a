"""Translation in an experiment: of topics, documents and training text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from ..base.files import digest, whole
from ..collections.collection import Passage
from ..lexicon.lexicon import Lexicon
from ..translate.engines import engine
from ..translate.translator import MODEL, Engine, Translator, Translators
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

    @cached_property
    def translators(self) -> Translators:
        """The engine, ready to translate. Raises InputError if its model is missing."""
        return self._of_all.translators if self._of_all else self.engine.load(self)

    def of(self, words: Words) -> Translation:
        """The same engine with the words of another language; a translation model, which has many languages, is loaded once."""
        return Translation(self._stages, self._models, words, self if self.engine.name == MODEL else None)

    def between(self, source: str, target: str) -> Translator:
        """The translator from one language into another. Raises InputError for a pair that the engine does not have."""
        return self.translators.between(source, target)

    def translated(self, what: str, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translations of texts; a model's, which take long, are a stage of the cache."""
        translator = self.between(source, target)
        if self.engine.by_lexicon:
            return translator.translate(texts)

        def make(folder: Path) -> None:
            with whole(folder / "translations.json") as file:
                json.dump(translator.translate(texts), file, ensure_ascii=False, indent=0)

        inputs = {"texts": digest(list(texts)), "translator": translator.identity, "from": source, "to": target}
        stage = self._stages.stage(f"{what} translated", "translation", inputs, make)
        return list(json.loads((stage / "translations.json").read_text(encoding="utf-8")))


def translations(passages: Iterable[Passage], translator: Translator) -> Iterator[Passage]:
    """The passages in another language, streaming."""
    stream = iter(passages)
    while part := list(islice(stream, TOGETHER)):
        texts = iter(translator.translate([text for passage in part for text in (passage.title, passage.text)]))
        yield from (Passage(passage.id, next(texts), next(texts)) for passage in part)
