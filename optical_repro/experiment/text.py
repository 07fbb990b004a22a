"""The text that the students of an experiment are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from ..base.files import whole
from ..bitext.readers import Pair
from ..training_text import pretraining, regimes
from ..training_text.in_domain import SPAN, spans
from ..training_text.pairs import excerpts
from ..training_text.pretraining_objective import SENTENCE, PreTrainingText
from ..training_text.regime import TrainingPair
from .language_text import LanguageText
from .learnt import Learnt
from .stages import Stages


class Text:
    """Training pairs and pre-training text, made from the same sentences and passages for every regime and objective.

    The readings of a student of several languages are split evenly between them; a language with little text is read less, and
    training is then shorter.
    """

    def __init__(self, stages: Stages, learnt: Learnt) -> None:
        self._stages, self._learnt = stages, learnt

    @cached_property
    def languages(self) -> list[LanguageText]:
        """What each language adds, in the order of their codes."""
        settings, learnt = self._stages.settings, self._learnt.languages
        most = settings.recipe.readings // len(learnt)
        english = self._stages.collection.doc_lang == "en"
        counts = [excerpts(len(language.words.pairs), most, settings.in_domain) if english else 0 for language in learnt]
        dealt = self._dealt(counts, SPAN)
        return [LanguageText(self._stages, self._learnt, language, most, part) for language, part in zip(learnt, dealt, strict=True)]

    # ---- training text

    @property
    def chosen_pairs(self) -> list[Pair]:
        """The sentence pairs to train on beside excerpts."""
        return [pair for language in self.languages for pair in language.chosen_pairs]

    @property
    def in_domain(self) -> list[str]:
        """The excerpts of the English documents in a regime's text; without parallel text, they are all of it."""
        return [text for language in self.languages for text in language.excerpts]

    @property
    def size(self) -> int:
        """Number of training pairs in any regime that reads excerpts."""
        return len(self.chosen_pairs) + len(self.in_domain)

    def sentence_pairs(self, regime: str) -> list[Pair]:
        """The sentence pairs that a regime's training pairs are made of."""
        return [pair for language in self.languages for pair in language.sentence_pairs(regime)]

    def training_pairs(self, regime: str) -> list[TrainingPair]:
        """A regime's training pairs, made from the same sentences and excerpts for every regime, no more than training will read.

        Language after language: training reads them in a random order, so that batches are mixed. Raises InputError for an unknown
        regime.
        """
        regimes.check(regime)
        if not regimes.REGIMES[regime].trains:
            return []
        return [pair for language in self.languages for pair in language.training_pairs(regime)]

    @property
    def machine_made(self) -> set[str]:
        """The student's texts that were machine-translated from English, so far."""
        return {text for language in self.languages for text in language.machine_made}

    # ---- pre-training text

    def pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """The texts for pre-training: from the sentences that regimes train on, and from as many passages.

        Raises InputError for an unknown objective.
        """
        pretraining.check(objective)
        dealt = self._dealt([len(language.chosen_pairs) for language in self.languages], SENTENCE)
        parts = zip(self.languages, dealt, strict=True)
        return [text for language, passages in parts for text in self._texts(objective, language, language.chosen_pairs, passages)]

    def _texts(self, objective: str, language: LanguageText, pairs: Sequence[Pair], passages: Sequence[str]) -> list[tuple[str, ...]]:
        english = self._stages.collection.doc_lang == "en"
        text = PreTrainingText(pairs, passages, english, lambda texts: [pair.student for pair in language.switched(texts)])
        return pretraining.PRETRAINING[objective].texts(text)

    # ---- held-out text

    def unread(self, regime: str) -> list[Pair]:
        """Held-out pairs to measure the loss on, the same for every regime that reads the same sentences: training reads neither side.

        As many of each language; none of one with too few left.
        """
        return [pair for _, pairs in self._unread(self.sentence_pairs(regime)) for pair in pairs]

    def unread_pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """An objective's texts from held-out pairs."""
        parts = self._unread(self.chosen_pairs)
        return [text for language, pairs in parts for text in self._texts(objective, language, pairs, [])]

    def _unread(self, read: Sequence[Pair]) -> list[tuple[LanguageText, list[Pair]]]:
        from ..distill.loop import MEASURED

        texts, count = {text for pair in read for text in pair}, MEASURED // len(self.languages)
        return [(language, language.unread(texts, count)) for language in self.languages]

    # ---- excerpts

    def _dealt(self, counts: Sequence[int], length: int) -> list[list[str]]:
        """Spans of ``length`` words of the documents, this many for each language."""
        dealt = iter(self._spans(sum(counts), length) if sum(counts) else [])
        return [list(islice(dealt, count)) for count in counts]

    def _spans(self, count: int, length: int) -> list[str]:
        """``count`` spans of ``length`` words from the documents."""
        collection, seed = self._stages.collection, self._stages.seed
        inputs = {"collection": collection.digest, "count": count, "length": length, "seed": seed}

        def make(folder: Path) -> None:
            with whole(folder / "spans.txt") as file:
                file.writelines(f"{span}\n" for span in spans(collection.passages(), count, seed, length))

        stage = self._stages.stage(f"text in {length}-word spans", "spans", inputs, make)
        return (stage / "spans.txt").read_text(encoding="utf-8").split("\n")[:-1]
