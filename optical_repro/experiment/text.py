"""The text that the students of an experiment are trained on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ..base.files import whole
from ..bitext.readers import Pair
from ..training_text import pretraining, regimes
from ..training_text.code_switch import code_switched
from ..training_text.in_domain import SPAN, spans
from ..training_text.pairs import drawn, readings, training_pairs
from ..training_text.pretraining_objective import SENTENCE, PreTrainingText
from ..training_text.regime import TrainingPair
from .stages import Stages
from .translation import Translation
from .words import Words


class Text:
    """Training pairs and pre-training text, made of the same sentences and passages for every regime and objective."""

    def __init__(self, stages: Stages, words: Words, translation: Translation) -> None:
        self._stages, self._words, self._translation = stages, words, translation

    # ---- what regimes may use (training_text.regime.Tools)

    def switched(self, texts: Sequence[str]) -> list[TrainingPair]:
        """English texts code-switched, each with the English that it was."""
        if not texts:
            return []
        pairs = code_switched(texts, self._words.lexicon, self._stages.settings.switch, self._stages.seed)
        return [TrainingPair(*pair) for pair in pairs]

    def back_translated(self, pairs: Sequence[Pair]) -> list[TrainingPair]:
        """The pairs' sentences of the language, each with its machine translation (Sennrich, Haddow and Birch 2016)."""
        sentences = [pair.target for pair in pairs]
        translations = self._translation.translated("training text", sentences, self._stages.collection.target, "en")
        return [TrainingPair(*pair) for pair in zip(sentences, translations, strict=True)]

    # ---- what is read

    @cached_property
    def chosen_pairs(self) -> list[Pair]:
        """The sentence pairs that training is made of, drawn by the seed: no more than it will read."""
        recipe, pairs = self._stages.settings.recipe, self._words.pairs
        return drawn(pairs, readings(len(pairs), recipe.readings - len(self.in_domain)), recipe.seed)

    @cached_property
    def in_domain(self) -> list[str]:
        """The spans of the English documents that are in every regime's text; all of it where there is no parallel text."""
        if self._stages.collection.doc_lang != "en":
            return []
        most, share = self._stages.settings.recipe.readings, self._stages.settings.in_domain
        if not self._words.pairs:
            return self._spans(most, SPAN)
        beside = readings(len(self._words.pairs), round(most * (1 - share)))
        return self._spans(round(beside * share / (1 - share)), SPAN)

    @property
    def size(self) -> int:
        """Training pairs of any regime."""
        return len(self.chosen_pairs) + len(self.in_domain)

    def training_pairs(self, regime: str) -> list[TrainingPair]:
        """A regime's training pairs, made of the same sentences and spans for each, no more than training will read.

        Raises InputError for a regime that there is not.
        """
        regimes.check(regime)
        if not regimes.REGIMES[regime].trains:
            return []
        return training_pairs(regime, self.chosen_pairs, self) + self.switched(self.in_domain)

    def pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """What the student reads in pre-training: of the sentences that regimes train on, and of as many passages.

        Raises InputError for an objective that there is not.
        """
        pretraining.check(objective)
        return self._texts(objective, self.chosen_pairs, self._spans(len(self.chosen_pairs), SENTENCE))

    # ---- what is held out

    @cached_property
    def unread(self) -> list[Pair]:
        """Pairs of which training reads neither side, to measure its loss on, the same for every regime; empty where few are left."""
        from ..distill.loop import MEASURED

        read = {text for pair in self.chosen_pairs for text in pair}
        unread = [pair for pair in dict.fromkeys(self._words.pairs) if read.isdisjoint(pair)]
        return random.Random(self._stages.seed).sample(unread, MEASURED) if len(unread) >= MEASURED else []

    def unread_pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """An objective's texts of those pairs."""
        return self._texts(objective, self.unread, [])

    def _texts(self, objective: str, pairs: Sequence[Pair], passages: Sequence[str]) -> list[tuple[str, ...]]:
        english = self._stages.collection.doc_lang == "en"
        text = PreTrainingText(pairs, passages, english, lambda texts: [pair.student for pair in self.switched(texts)])
        return pretraining.PRETRAINING[objective].texts(text)

    def _spans(self, count: int, length: int) -> list[str]:
        """Spans of so many words of the documents."""
        collection, seed = self._stages.collection, self._stages.seed
        inputs = {"collection": collection.digest, "count": count, "length": length, "seed": seed}

        def make(folder: Path) -> None:
            with whole(folder / "spans.txt") as file:
                file.writelines(f"{span}\n" for span in spans(collection.passages(), count, seed, length))

        stage = self._stages.stage(f"text in {length}-word spans", "spans", inputs, make)
        return (stage / "spans.txt").read_text(encoding="utf-8").split("\n")[:-1]
