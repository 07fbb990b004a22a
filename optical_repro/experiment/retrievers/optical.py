"""Dense retrieval by a student: one retriever for each regime, without pre-training and after each kind of it."""

from __future__ import annotations

from itertools import product

from ...base.system_names import optical_name
from ...training_text.pretraining import PRETRAINING
from ...training_text.regimes import REGIMES
from ..retriever import Retriever, with_any
from ..settings import Settings
from .dense import by_vectors


def with_words(settings: Settings) -> bool:
    """Whether the language's words are in the student's vocabulary: without training, they may not be."""
    return settings.lexical_init


RETRIEVERS = tuple(
    Retriever(
        optical_name(regime.name, pretraining.name),
        f"a student: {regime.meaning}" + (f"; before that, {pretraining.meaning}" if pretraining.name != "none" else ""),
        by_vectors,
        maker="dense run",
        dense=True,
        respelled=with_any if regime.trains or pretraining.name != "none" else with_words,
        place=20 + place,
    )
    for place, (pretraining, regime) in enumerate(product(PRETRAINING.values(), REGIMES.values()))
)
