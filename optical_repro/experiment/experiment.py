"""An experiment: one collection, one teacher, any number of systems. Each part is computed when first needed and kept in the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..base.cache import Cache
from ..bitext import named
from ..bitext.beside import refuse_learnt
from ..bitext.readers import Pair
from ..collections.collection import Collection
from ..lexicon.lexicon import Lexicon
from ..training_text.regime import TrainingPair
from . import check, runs
from .alignment import Alignment
from .indexes import Indexes
from .learnt import Learnt
from .models import Models
from .needs import Needs
from .settings import Settings
from .stages import Stages
from .students import Students
from .systems import RETRIEVERS, System
from .text import Text
from .topics import Topics
from .translation import Translation
from .words import Words


class Experiment:
    """The parts of an experiment, with shortcuts to the most used."""

    def __init__(self, collection: Collection, settings: Settings, cache: Cache) -> None:
        refuse_learnt(settings.beside, collection.target)
        beside = tuple(other._replace(bitext=named.local(other.bitext, other.lang)) for other in settings.beside)
        settings = replace(settings, bitext=named.local(settings.bitext, collection.target) or collection.bitext, beside=beside)
        self.collection, self.settings, self.cache = collection, settings, cache
        self.stages = Stages(collection, settings, cache)
        self.models = Models(self.stages)
        self.words = Words(self.stages, collection.target, settings.bitext, settings.lexicon)
        self.translation = Translation(self.stages, self.models, self.words)
        self.learnt = Learnt(self.stages, self.words, self.translation)
        self.text = Text(self.stages, self.learnt)
        self.indexes = Indexes(self.stages, self.models, self.translation)
        self.students = Students(self.stages, self.models, self.learnt, self.text, self.indexes)
        self.topics = Topics(self.stages, self.words, self.translation, self.indexes)
        self.alignment = Alignment(self.stages, self.models, self.words, self.text, self.students)
        self.needs = Needs(self.stages, self.translation)

    def check(self, systems: Sequence[System]) -> None:
        """Reads everything else that the systems need. Raises InputError, before any work, if something is missing or wrong."""
        check.check(self, systems)

    def run(self, system: System) -> Path:
        """The run file of a system."""
        return runs.run(self, system)

    def as_loaded(self, regime: str, pretrain: str) -> dict[str, float]:
        """The scores of a student as loaded from its folder, metric to mean: topics unchanged, one vector per text, no fusion."""
        return runs.as_loaded(self, regime, pretrain)

    # ---- text and words

    @property
    def pairs(self) -> list[Pair]:
        """The bitext after filtering."""
        return self.words.pairs

    @property
    def lexicon(self) -> Lexicon:
        """From the low-resource language into English: aligned bitext, lexicon files, CLDR."""
        return self.words.lexicon

    def training_pairs(self, regime: str) -> list[TrainingPair]:
        """A regime's training pairs. Raises InputError for an unknown regime."""
        return self.text.training_pairs(regime)

    def translations(self, system: System) -> list[tuple[Translation, tuple[str, str]]]:
        """The directions in which texts are translated for a system, each with the translation of its language."""
        needed = [(self.translation, direction) for direction in self.needs.directions(system)]
        for other in self.learnt.others:
            needed += [(other.translation, direction) for direction in self.needs.of_training_text(system, other.code)]
        return needed

    # ---- topics

    def queries(self, retriever: str) -> Mapping[str, str]:
        """A retriever's queries: the topics unchanged, respelled, or translated by the engine or by people."""
        kind = RETRIEVERS[retriever]
        if kind.queries:
            return kind.queries(self)
        return self.topics.respelled if kind.respelled(self.settings) else self.topics.as_they_are

    def weighted_queries(self, retriever: str) -> Mapping[str, Mapping[str, float]]:
        """The texts that a dense retriever encodes for each topic, with weights: a single text, but for ``dense-nbest`` and its like."""
        queries, texts = self.queries(retriever), RETRIEVERS[retriever].texts
        return texts(self, queries) if texts else {topic: {text: 1.0} for topic, text in queries.items()}

    def lexicon_of(self, retriever: str) -> Path | None:
        """The lexicon used to respell untranslated topics for a retriever; None if it does not respell them."""
        return self.words.file if RETRIEVERS[retriever].respelled(self.settings) and self.topics.respells else None

    # ---- models

    @property
    def teacher(self) -> Path:
        """The teacher's folder."""
        return self.models.teacher

    @property
    def untrained(self) -> Path:
        """The student before training."""
        return self.students.untrained

    def student(self, regime: str, pretrain: str = "none") -> Path:
        """The student trained on a regime after pre-training. Raises InputError for an unknown regime or objective."""
        return self.students.student(regime, pretrain)

    def topic_model(self, system: System) -> Path:
        """The encoder of the topics: a student for text that is not English, else the teacher."""
        return self._model(system, self.collection.lang)

    def document_model(self, system: System) -> Path:
        """The encoder of the documents."""
        return self._model(system, self.collection.doc_lang)

    def _model(self, system: System, lang: str) -> Path:
        return self.student(system.regime, system.pretrain) if system.regime and lang != "en" else self.teacher

    # ---- stages that were computed

    @property
    def times(self) -> dict[str, float]:
        """Title to the seconds that its stages took when they were computed."""
        return self.stages.times

    @property
    def worked(self) -> bool:
        """Whether a stage was computed here, not only taken from the cache."""
        return self.stages.worked
