"""The languages that a student learns: that of the collection, and those beside it."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from ..bitext.readers import Pair
from ..lexicon import lexicon as lexicons
from ..lexicon.lexicon import Lexicon
from .stages import Stages
from .translation import Translation
from .words import Words


class Language(NamedTuple):
    """A language of a student."""

    words: Words
    translation: Translation

    @property
    def code(self) -> str:
        """ISO 639-1."""
        return self.words.lang


class Learnt:
    """The languages in the order of their codes, so that nothing here depends on which of them is the collection's."""

    def __init__(self, stages: Stages, words: Words, translation: Translation) -> None:
        """``words`` and ``translation`` are those of the collection's language."""
        self._stages = stages
        others = [Words(stages, other.lang, other.bitext) for other in stages.settings.beside]
        every = [Language(words, translation), *(Language(other, translation.of(other)) for other in others)]
        self.languages = sorted(every, key=lambda language: language.code)
        self.others = [language for language in self.languages if language.words is not words]

    @property
    def codes(self) -> list[str]:
        """The languages' codes."""
        return [language.code for language in self.languages]

    @property
    def pairs(self) -> list[Pair]:
        """The bitext of all languages."""
        return [pair for language in self.languages for pair in language.words.pairs]

    @property
    def lexicon_key(self) -> str | list[str]:
        """What `lexicon` depends on: the stage of the only lexicon, or those of all."""
        names = [language.words.stage.name for language in self.languages]
        return names if self.others else names[0]

    @cached_property
    def lexicon(self) -> Lexicon:
        """Into English. A word that several languages share has all their translations, weighted by how often each was counted."""
        found = [language.words.lexicon for language in self.languages]
        return lexicons.merge(found) if self.others else found[0]

    @cached_property
    def mixed(self) -> Lexicon:
        """From English into all languages at once."""
        return lexicons.mixed([language.words.lexicon_into(language.code) for language in self.languages])

    def switching(self, language: Language) -> Lexicon:
        """The lexicon from English that code-switches the text of a language."""
        multilingual = self._stages.settings.switching == "multilingual"
        return self.mixed if multilingual else language.words.lexicon_into(language.code)
