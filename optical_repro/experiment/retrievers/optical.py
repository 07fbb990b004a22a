"""Dense retrieval by a student: for each regime, without pre-training and after each kind of it, topics alone and beside translations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from ...base.system_names import BESIDE, optical_name
from ...training_text.pretraining import PRETRAINING, PreTraining
from ...training_text.regimes import REGIMES, Regime
from ..retriever import Retriever, with_any
from ..settings import Settings
from .dense import by_vectors, many_and_phrases, needs_translating

if TYPE_CHECKING:
    from ..experiment import Experiment

TOPIC_SHARE = 0.5
"""Weight of the topic itself beside its translations."""


def with_words(settings: Settings) -> bool:
    """Whether the language's words are in the student's vocabulary: without training, they may not be."""
    return settings.lexical_init


def beside_translations(experiment: Experiment, queries: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
    """Each topic, and the translations that ``dense-nbest-phrase`` reads, with their weights."""
    translations = many_and_phrases(experiment, queries)
    return {topic: _beside(text, translations[topic]) for topic, text in queries.items()}


def _beside(topic: str, translations: Mapping[str, float]) -> dict[str, float]:
    weights = {text: (1 - TOPIC_SHARE) * weight for text, weight in translations.items()}
    return weights | {topic: weights.get(topic, 0.0) + TOPIC_SHARE}


def _alone(regime: Regime, pretraining: PreTraining, place: int) -> Retriever:
    return Retriever(
        optical_name(regime.name, pretraining.name),
        f"a student: {regime.meaning}" + (f"; before that, {pretraining.meaning}" if pretraining.name != "none" else ""),
        by_vectors,
        maker="dense run",
        dense=True,
        respelled=with_any if regime.trains or pretraining.name != "none" else with_words,
        place=place,
    )


def _with_translations(alone: Retriever) -> Retriever:
    return replace(
        alone,
        name=alone.name + BESIDE,
        meaning=f"{alone.meaning}; it reads each topic beside the translations of dense-nbest-phrase",
        why_not=needs_translating,
        texts=beside_translations,
        by_lexicon=True,
        by_phrases=True,
    )


ALONE = [
    _alone(regime, pretraining, 20 + place) for place, (pretraining, regime) in enumerate(product(PRETRAINING.values(), REGIMES.values()))
]

RETRIEVERS = (*ALONE, *map(_with_translations, ALONE))
