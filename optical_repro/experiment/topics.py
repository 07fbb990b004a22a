"""The topics of an experiment as retrievers use them: unchanged, respelled, translated by an engine or by people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from ..base.files import whole
from .indexes import Indexes
from .stages import Stages
from .translation import Translation
from .words import Words


class Topics:
    """Mappings from topic to text, one for each form."""

    def __init__(self, stages: Stages, words: Words, translation: Translation, indexes: Indexes) -> None:
        self._stages, self._words, self._translation, self._indexes = stages, words, translation, indexes

    @property
    def as_they_are(self) -> Mapping[str, str]:
        """The collection's topics, unchanged."""
        return self._stages.collection.topics

    @property
    def human(self) -> Mapping[str, str]:
        """People's translations of the topics."""
        translations = self._stages.collection.human_topics
        assert translations is not None
        return translations

    @cached_property
    def translated(self) -> Mapping[str, str]:
        """The topics translated by the engine into the documents' language.

        Topics are respelled only for engines that use the lexicon; a model gets them unchanged.
        """
        return self._into(self._stages.collection.doc_lang)

    @cached_property
    def in_english(self) -> Mapping[str, str]:
        """The topics in English: unchanged, or translated as in `translated`."""
        return self.as_they_are if self._stages.collection.lang == "en" else self._into("en")

    def _into(self, target: str) -> Mapping[str, str]:
        topics = self.respelled if self._translation.engine.by_lexicon else self.as_they_are
        texts = self._translation.translated("topics", list(topics.values()), self._stages.collection.lang, target)
        return dict(zip(topics, texts, strict=True))

    @cached_property
    def by_phrases(self) -> Mapping[str, str]:
        """The topics, respelled, translated into English by the phrase-based translator, whatever the settings name."""
        translation, lang = self._translation, self._stages.collection.lang
        translator = translation.phrase_translators.between(lang, "en")
        texts = translation.kept("topics translated by phrases", list(self.respelled.values()), translator, lang, "en")
        return dict(zip(self.respelled, texts, strict=True))

    @property
    def respells(self) -> bool:
        """Whether unknown words are replaced by the nearest known words."""
        from ..retrieval import respelling

        return self._stages.settings.spelling and respelling.applies_to(self._stages.collection)

    @cached_property
    def respelled(self) -> Mapping[str, str]:
        """The topics; unknown words that no document has become the nearest known word. Names in the documents stay unchanged."""
        topics = self.as_they_are
        if not self.respells:
            return topics
        from ..lexicon import spelling
        from ..retrieval import respelling

        lexicon, lang = self._words.lexicon, self._stages.collection.doc_lang
        words = spelling.unknown_words(topics.values(), lexicon)
        index = self._indexes.lexical()
        inputs = {"lexicon": self._words.stage.name, "index": index.name, "words": words, "near": [spelling.NEAR, spelling.COMMON]}

        def make(folder: Path) -> None:
            with whole(folder / "spellings.json") as file:
                json.dump(respelling.spellings(words, lexicon, index / "lucene", lang), file, ensure_ascii=False, indent=1)

        stage = self._stages.stage("spellings", "spelling", inputs, make)
        spellings = json.loads((stage / "spellings.json").read_text(encoding="utf-8"))
        return {topic: spelling.respell(text, spellings) for topic, text in topics.items()}

    @cached_property
    def within_lexicon(self) -> Mapping[str, str]:
        """People's translations, keeping only the words that the lexicon can translate."""
        from ..retrieval import bm25
        from ..translate.lexical import within_lexicon

        lang, lexicon = self._stages.collection.doc_lang, self._words.lexicon

        def terms(text: str) -> list[str]:
            return bm25.analyze(lang, text)

        return {topic: within_lexicon(self.human[topic], text, lexicon, terms) for topic, text in self.respelled.items()}
