"""What a system needs of an experiment: translations, the lexicon."""

from __future__ import annotations

from ..base.errors import InputError
from ..training_text.regimes import REGIMES
from ..translate.translator import PHRASE
from .stages import Stages
from .systems import System
from .translation import Translation


class Needs:
    """What systems need on one collection, under one experiment's settings."""

    def __init__(self, stages: Stages, translation: Translation) -> None:
        self._stages, self._translation = stages, translation

    def directions(self, system: System) -> list[tuple[str, str]]:
        """A system's translation directions, (from, into): for the topics, the documents, the training text."""
        collection, kind = self._stages.collection, system.kind
        lang, doc_lang = collection.lang, collection.doc_lang
        topics = kind.translates == "topics" or (system.fused and not kind.human and lang != doc_lang)
        directions = [(topics, (lang, doc_lang)), (kind.translates == "documents", (doc_lang, lang))]
        directions += [(True, direction) for direction in self.of_training_text(system, collection.target)]
        directions += [(kind.in_english and code != "en", (code, "en")) for code in (lang, doc_lang)]
        return list(dict.fromkeys(direction for needed, direction in directions if needed))

    def of_training_text(self, system: System, lang: str) -> list[tuple[str, str]]:
        """The directions in which the training text of a language is translated for a system's student."""
        if system.regime is None:
            return []
        regime = REGIMES[system.regime]
        from_english = regime.translates_english or (regime.translates_passages and self.reads_own_excerpts)
        return [direction for needed, direction in ((regime.translates, (lang, "en")), (from_english, ("en", lang))) if needed]

    @property
    def reads_own_excerpts(self) -> bool:
        """Whether regimes make excerpts of the collection in their own way."""
        settings = self._stages.settings
        return settings.in_domain_by == "own" and settings.in_domain > 0 and self._stages.collection.doc_lang == "en"

    def lexicon(self, system: System) -> bool:
        """Whether a system depends on the lexicon, and with it on the bitext and the seed."""
        learns = system.learns or self._stages.settings.lexical_init
        by_engine = self._translation.engine.by_lexicon and bool(self.directions(system))
        return by_engine or system.kind.by_lexicon or (system.regime is not None and learns)

    def phrases(self, system: System) -> bool:
        """Whether a system depends on the phrase-based translator."""
        regime = REGIMES[system.regime] if system.regime is not None else None
        by_engine = self._translation.engine.name == PHRASE and bool(self.directions(system))
        return by_engine or system.kind.by_phrases or (regime is not None and regime.by_phrases)

    def check_directions(self, system: System) -> None:
        """Raises InputError if a system needs English topics or documents, and the collection has neither."""
        collection, kind = self._stages.collection, system.kind
        lang, doc_lang = collection.lang, collection.doc_lang
        by_model = kind.translates and not kind.dense and not self._translation.engine.by_lexicon
        english = kind.english or not system.bare
        if "en" not in (lang, doc_lang) and lang != doc_lang and english and not by_model:
            raise InputError(
                f"{collection.name}: topics in {lang}, documents in {doc_lang}, and {system.name} needs English on one side; "
                "give it English documents or English topics, or ask for --systems bm25"
            )
