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
from ..training_text.pairs import draw_pairs, readings, training_pairs
from ..training_text.pretraining_objective import SENTENCE, PreTrainingText
from ..training_text.regime import TrainingPair
from .stages import Stages
from .translation import Translation
from .words import Words


class Text:
    """Training pairs and pre-training text, made from the same sentences and passages for every regime and objective."""

    def __init__(self, stages: Stages, words: Words, translation: Translation) -> None:
        self._stages, self._words, self._translation = stages, words, translation
        self.machine_made: set[str] = set()
        """The student's texts that were machine-translated from English, so far."""

    # ---- what regimes may use (training_text.regime.Tools)

    def switched(self, texts: Sequence[str]) -> list[TrainingPair]:
        """Code-switched texts, each with its English original."""
        if not texts:
            return []
        pairs = code_switched(texts, self._words.lexicon, self._stages.settings.switch, self._stages.seed)
        return [TrainingPair(*pair) for pair in pairs]

    def back_translated(self, pairs: Sequence[Pair]) -> list[TrainingPair]:
        """The pairs' sentences of the language, each with its machine translation (Sennrich, Haddow and Birch 2016)."""
        sentences = [pair.target for pair in pairs]
        translations = self._translation.translated("training text", sentences, self._stages.collection.target, "en")
        return [TrainingPair(*pair) for pair in zip(sentences, translations, strict=True)]

    def translated(self, texts: Sequence[str]) -> list[TrainingPair]:
        """English texts machine-translated into the language, each with its original."""
        if not texts:
            return []
        translations = self._translation.translated("training text", texts, "en", self._stages.collection.target)
        self.machine_made.update(translations)
        return [TrainingPair(*pair) for pair in zip(translations, texts, strict=True)]

    # ---- training text

    @cached_property
    def chosen_pairs(self) -> list[Pair]:
        """The sentence pairs to train on, drawn by the seed: no more than training will read."""
        recipe, pairs = self._stages.settings.recipe, self._words.pairs
        return draw_pairs(pairs, readings(len(pairs), recipe.readings - len(self.in_domain)), recipe.seed)

    @cached_property
    def _pairs_alone(self) -> list[Pair]:
        """The sentence pairs to train on where nothing else is read."""
        recipe, pairs = self._stages.settings.recipe, self._words.pairs
        return draw_pairs(pairs, readings(len(pairs), recipe.readings), recipe.seed)

    def reads_passages(self, regime: str) -> bool:
        """Whether a regime's text has the spans of `in_domain`: all have it code-switched, or those that have a way of their own."""
        return self._stages.settings.in_domain_by == "cs" or regimes.REGIMES[regime].passages is not None

    def sentence_pairs(self, regime: str) -> list[Pair]:
        """The sentence pairs that a regime's training pairs are made of."""
        return self.chosen_pairs if self.reads_passages(regime) else self._pairs_alone

    @cached_property
    def in_domain(self) -> list[str]:
        """The spans of the English documents in a regime's text; without parallel text, they are all of it."""
        if self._stages.collection.doc_lang != "en":
            return []
        most, share = self._stages.settings.recipe.readings, self._stages.settings.in_domain
        if not self._words.pairs:
            return self._spans(most, SPAN)
        sentences = readings(len(self._words.pairs), round(most * (1 - share)))
        return self._spans(round(sentences * share / (1 - share)), SPAN)

    @property
    def size(self) -> int:
        """Number of training pairs in any regime that reads passages."""
        return len(self.chosen_pairs) + len(self.in_domain)

    def training_pairs(self, regime: str) -> list[TrainingPair]:
        """A regime's training pairs, made from the same sentences and spans for every regime, no more than training will read.

        Raises InputError for an unknown regime.
        """
        regimes.check(regime)
        if not regimes.REGIMES[regime].trains:
            return []
        return training_pairs(regime, self.sentence_pairs(regime), self) + self._from_passages(regime)

    def _from_passages(self, regime: str) -> list[TrainingPair]:
        """The training pairs of a regime that are made of the collection's spans."""
        if self._stages.settings.in_domain_by == "cs":
            return self.switched(self.in_domain)
        own_way = regimes.REGIMES[regime].passages
        return own_way(self.in_domain, self) if own_way else []

    def pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """The texts for pre-training: from the sentences that regimes train on, and from as many passages.

        Raises InputError for an unknown objective.
        """
        pretraining.check(objective)
        return self._texts(objective, self.chosen_pairs, self._spans(len(self.chosen_pairs), SENTENCE))

    # ---- held-out text

    def unread(self, regime: str = "cs") -> list[Pair]:
        """Held-out pairs to measure the loss on, the same for every regime that reads the same sentences, and for pre-training.

        Training reads neither side. Empty if too few are left.
        """
        from ..distill.loop import MEASURED

        seen = {text for pair in self.sentence_pairs(regime) for text in pair}
        unread = [pair for pair in dict.fromkeys(self._words.pairs) if seen.isdisjoint(pair)]
        return random.Random(self._stages.seed).sample(unread, MEASURED) if len(unread) >= MEASURED else []

    def unread_pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """An objective's texts from the held-out pairs."""
        return self._texts(objective, self.unread(), [])

    def _texts(self, objective: str, pairs: Sequence[Pair], passages: Sequence[str]) -> list[tuple[str, ...]]:
        english = self._stages.collection.doc_lang == "en"
        text = PreTrainingText(pairs, passages, english, lambda texts: [pair.student for pair in self.switched(texts)])
        return pretraining.PRETRAINING[objective].texts(text)

    def _spans(self, count: int, length: int) -> list[str]:
        """``count`` spans of ``length`` words from the documents."""
        collection, seed = self._stages.collection, self._stages.seed
        inputs = {"collection": collection.digest, "count": count, "length": length, "seed": seed}

        def make(folder: Path) -> None:
            with whole(folder / "spans.txt") as file:
                file.writelines(f"{span}\n" for span in spans(collection.passages(), count, seed, length))

        stage = self._stages.stage(f"text in {length}-word spans", "spans", inputs, make)
        return (stage / "spans.txt").read_text(encoding="utf-8").split("\n")[:-1]
