"""A collection that is ready to search with a student."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import languages
from ..base.cache import Cache
from ..base.errors import InputError
from ..base.files import digest, sha256_once
from ..base.words import words
from ..encoders.precision import FLOAT32
from ..experiment.settings import Settings
from ..records.checkpoints import Checkpoint
from ..retrieval.faiss_index import FLAT
from . import chance

if TYPE_CHECKING:
    from ..collections.collection import Collection, Passage
    from ..encoders.reading import Reading
    from ..experiment.experiment import Experiment
    from ..retrieval.respelling import Respeller

READINGS = 256
"""Passages whose token states are kept: some 200 kB each."""

STRONG = 0.75
"""A word of the passage is marked if its cosine is at least this share of the hit's best: the rest are mostly function words."""


@dataclass(frozen=True)
class Hit:
    """A passage in a ranking."""

    passage: Passage
    score: float
    """The cosine of the topic's and the passage's vectors."""
    better_than_chance: bool
    """Whether the score is above 95 % of the best scores of meaningless topics (``searching.chance``)."""


@dataclass(frozen=True)
class Answer:
    """What was found for a topic."""

    topic: str
    """As it was asked."""
    query: str
    """As it was searched: unknown words respelled."""
    known: bool
    """Whether a word of it is in the student's lexicon or in the documents. True where no lexicon is at hand to tell."""
    hits: list[Hit]
    """Best first; none for a topic of which nothing is known."""


@dataclass(frozen=True)
class Match:
    """A query and a passage, read by their encoders, and the words that the transport plan aligns."""

    query: Reading
    passage: Reading
    """Of title and text."""
    pairs: list[tuple[int, int, float]]
    """(query word, passage word, cosine), as ``TokenAlignment.matches`` gives them."""

    @property
    def strong(self) -> list[tuple[int, int, float]]:
        """The pairs whose cosine is at least ``STRONG`` of the best."""
        best = max((cosine for *_, cosine in self.pairs), default=0.0)
        return [(here, there, cosine) for here, there, cosine in self.pairs if cosine >= STRONG * best]

    @property
    def marks(self) -> dict[tuple[int, int], float]:
        """The strong words of the passage, (start, end) in ``passage.text``, each with its best cosine, in the order of the text."""
        weights: dict[tuple[int, int], float] = {}
        for _, there, cosine in self.strong:
            word = self.passage.words[there]
            weights[word.start, word.end] = max(cosine, weights.get((word.start, word.end), 0.0))
        return dict(sorted(weights.items()))


class Finder:
    """A collection that is ready to search with a student: models and indexes are loaded once, and the corpus is not read again.

    Threads may share it; one question is answered at a time. ``optical_repro.api.finder`` makes one from names.
    """

    def __init__(
        self,
        collection: Collection,
        checkpoint: Checkpoint,
        cache: Cache,
        device: str = "auto",
        index: str = FLAT,
        precision: str = FLOAT32,
    ) -> None:
        """Takes the indexes from the cache, or builds them there; ``index`` and ``precision`` are those of the dense one.

        Raises InputError if student and teacher do not fit together, or if the student is known to be for another language.
        """
        from ..collections.stored import StoredPassages
        from ..encoders.reading import read
        from ..encoders.text_encoder import TextEncoder
        from ..experiment.experiment import Experiment
        from ..retrieval import dense

        if checkpoint.lang and not languages.same(checkpoint.lang, collection.target):
            raise InputError(
                f"{checkpoint.folder}: the student was trained for {languages.name(str(checkpoint.lang))}; give --lang {checkpoint.lang}"
            )
        experiment = Experiment(collection, Settings(teacher=checkpoint.teacher, device=device, index=index, precision=precision), cache)
        experiment.indexes.check()
        topic_model, passage_model = (
            checkpoint.folder if lang != "en" else experiment.teacher for lang in (collection.lang, collection.doc_lang)
        )
        self.topic_encoder = TextEncoder(topic_model, experiment.models.device)
        self.passage_encoder = self.topic_encoder if topic_model == passage_model else TextEncoder(passage_model, experiment.models.device)
        if self.topic_encoder.dimension != self.passage_encoder.dimension:
            raise InputError(
                f"{topic_model} and {passage_model} have vectors of different lengths; give the student's own teacher with --teacher"
            )
        self.collection, self.system = collection, checkpoint.system
        vectors = experiment.indexes.dense(passage_model)
        self.index = dense.OpenIndex(vectors / "faiss")
        self.passages = StoredPassages(experiment.indexes.passages())
        self._respeller = _respeller(checkpoint.lexicon, experiment)
        self._lock = threading.Lock()
        self._read_query = functools.lru_cache(READINGS)(functools.partial(read, self.topic_encoder))
        self._read_passage = functools.lru_cache(READINGS)(functools.partial(read, self.passage_encoder))
        inputs = {
            "index": vectors.name,
            "model": experiment.models.identity(topic_model),
            "lexicon": sha256_once(checkpoint.lexicon) if self._respeller and checkpoint.lexicon else None,
        }
        self.reference = self._chance(experiment, inputs)
        """The stage with the scores of meaningless topics."""
        self.chance = chance.threshold(self.reference)
        """The score above which a hit is better than chance."""

    def _chance(self, experiment: Experiment, inputs: dict[str, Any]) -> Path:
        """The stage with the scores of meaningless topics, which are read as any other. ``inputs``: of the stage, without the topics."""
        topics = sorted(set(self.collection.topics.values()))

        def best_scores(texts: Sequence[str]) -> list[float]:
            return [max(scores.values()) for scores in self._nearest([self.read(text) for text in texts], 1)]

        def make(folder: Path) -> None:
            chance.write(topics, best_scores, folder)

        return experiment.stages.stage("scores of meaningless topics", "chance", {**inputs, "topics": digest(topics)}, make)

    def read(self, topic: str) -> str:
        """The query for a topic, respelled as for the student's runs: unknown words become the nearest known words."""
        topic = " ".join(topic.split())
        return self._respeller.respell(topic) if self._respeller else topic

    def knows_nothing_of(self, topic: str) -> bool:
        """Whether no word of a topic is in the lexicon or the documents; False without a lexicon."""
        return self._respeller is not None and not self._respeller.knows_any_of(topic)

    def find(self, topic: str, most: int = 10) -> Answer:
        """The ``most`` passages nearest to a topic, best first; none for a topic without a known word."""
        from ..base.trec import ranking

        with self._lock:
            query = self.read(topic)
            if not words(query) or self.knows_nothing_of(query):
                return Answer(topic, query, False, [])
            [scores] = self._nearest([query], most)
            passages = self.passages.get(scores)
            hits = [Hit(passages[document], score, score > self.chance) for document, score in ranking(scores)]
            return Answer(topic, query, True, hits)

    def match(self, query: str, passage: Passage) -> Match:
        """The words of a passage that the transport plan aligns with the words of a query, an ``Answer``'s."""
        from ..distill.token_alignment import align_readings

        with self._lock:
            ours, theirs = self._read_query(query), self._read_passage(" ".join(passage.contents.split()))
            return Match(ours, theirs, align_readings(ours, theirs).matches() if theirs.pieces and ours.pieces else [])

    def _nearest(self, queries: Sequence[str], most: int) -> list[dict[str, float]]:
        """The ``most`` documents nearest to each query, with their scores."""
        return self.index.nearest(self.topic_encoder.encode(self.topic_encoder.as_queries(queries)), most)


def _respeller(lexicon: Path | None, experiment: Experiment) -> Respeller | None:
    """Respells topics as the student's runs did; None if they did not."""
    from ..lexicon.lexicon import read_lexicon
    from ..retrieval import respelling

    collection = experiment.collection
    if not lexicon or not respelling.applies_to(collection):
        return None
    if not lexicon.is_file():
        raise InputError(f"{lexicon}: no such file, and the student's topics are respelled by it; make its run again")
    index = experiment.indexes.lexical() / "lucene"
    return respelling.Respeller(read_lexicon(lexicon, collection.target), index, collection.doc_lang)
