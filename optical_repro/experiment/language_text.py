"""What one language adds to the text that students are trained on."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from functools import cached_property

from ..bitext.readers import Pair
from ..lexicon.lexicon import Lexicon
from ..training_text.code_switch import code_switched
from ..training_text.pairs import draw_pairs, readings, training_pairs, with_monolingual
from ..training_text.regime import TrainingPair
from ..training_text.regimes import REGIMES
from .learnt import Language, Learnt
from .stages import Stages


class LanguageText:
    """A language's sentences and its excerpts of the documents; also what regimes may use (`training_text.regime.Tools`)."""

    def __init__(self, stages: Stages, learnt: Learnt, language: Language, most: int, excerpts: Sequence[str]) -> None:
        """``most``: the most readings for this language; ``excerpts``: of English documents, to be read beside its sentences."""
        self._stages, self._learnt, self._language = stages, learnt, language
        self._most, self.excerpts = most, excerpts
        self.machine_made: set[str] = set()
        """The student's texts that were machine-translated from English, so far."""

    # ---- what regimes may use

    def switched(self, texts: Sequence[str]) -> list[TrainingPair]:
        """Code-switched texts, each with its English original."""
        if not texts:
            return []
        pairs = code_switched(texts, self._into_language, self._stages.settings.switch, self._stages.seed)
        return [TrainingPair(*pair) for pair in pairs]

    @cached_property
    def _into_language(self) -> Lexicon:
        return self._learnt.switching(self._language)

    def back_translated(self, pairs: Sequence[Pair], by_phrases: bool = False) -> list[TrainingPair]:
        """The pairs' sentences of the language, each with its machine translation (Sennrich, Haddow and Birch 2016)."""
        sentences = [pair.target for pair in pairs]
        translations = self._translated(sentences, self._language.code, "en", by_phrases)
        return [TrainingPair(*pair) for pair in zip(sentences, translations, strict=True)]

    def translated(self, texts: Sequence[str], by_phrases: bool = False) -> list[TrainingPair]:
        """English texts machine-translated into the language, each with its original."""
        if not texts:
            return []
        translations = self._translated(texts, "en", self._language.code, by_phrases)
        self.machine_made.update(translations)
        return [TrainingPair(*pair) for pair in zip(translations, texts, strict=True)]

    def _translated(self, texts: Sequence[str], source: str, target: str, by_phrases: bool) -> list[str]:
        translation = self._language.translation
        translators = translation.phrase_translators if by_phrases else translation.translators
        return translation.own_sentences(texts, translators, source, target)

    # ---- training text

    @property
    def _pairs(self) -> list[Pair]:
        return self._language.words.pairs

    @cached_property
    def chosen_pairs(self) -> list[Pair]:
        """The sentence pairs to train on beside the excerpts, drawn by the seed: no more than training will read."""
        return self._drawn(self._most - len(self.excerpts))

    @cached_property
    def _pairs_alone(self) -> list[Pair]:
        """The sentence pairs to train on where no excerpts are read."""
        return self._drawn(self._most)

    def _drawn(self, most: int) -> list[Pair]:
        return draw_pairs(self._pairs, readings(len(self._pairs), most), self._stages.seed)

    def sentence_pairs(self, regime: str) -> list[Pair]:
        """The sentence pairs that a regime's training pairs are made of; more where it reads no excerpts, if there are more."""
        reads_excerpts = self._stages.settings.in_domain_by == "cs" or REGIMES[regime].passages is not None
        return self.chosen_pairs if reads_excerpts else self._pairs_alone

    def training_pairs(self, regime: str) -> list[TrainingPair]:
        """A regime's training pairs of the sentences, then of the excerpts; a share of both may be monolingual."""
        pairs = training_pairs(regime, self.sentence_pairs(regime), self) + self._of_excerpts(regime)
        return with_monolingual(pairs, self._stages.settings.monolingual, self._stages.seed)

    def _of_excerpts(self, regime: str) -> list[TrainingPair]:
        if self._stages.settings.in_domain_by == "cs":
            return self.switched(self.excerpts)
        own_way = REGIMES[regime].passages
        return own_way(self.excerpts, self) if own_way else []

    # ---- held-out text

    def unread(self, read: Collection[str], count: int) -> list[Pair]:
        """``count`` sentence pairs, drawn by the seed, of which neither side is among the texts that training reads; none if too few."""
        unread = [pair for pair in dict.fromkeys(self._pairs) if not any(text in read for text in pair)]
        return random.Random(self._stages.seed).sample(unread, count) if len(unread) >= count else []
