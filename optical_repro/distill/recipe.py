"""How a student is trained: the same for every regime that is compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from ..base.errors import InputError, unknown
from ..training_text.pretraining import PRETRAINING
from .objectives import OBJECTIVES

REVISION = 1
"""To be raised with every change to what the same recipe means."""

LEARNING = {
    "words": "the embeddings of the words that the student gained",
    "embeddings": "all embeddings",
    "all": "everything",
}
"""What of the student learns."""

RATE = 1e-3
"""Learning rate of embeddings, and of heads that are thrown away."""

LAYERS_RATE = 5e-5
"""That of layers: what they know of English, and of meaning, carries over. The rates were chosen on AfriQA's Hausa and Yorùbá train and
dev topics; that layers learn more slowly than what is new is the idea of discriminative fine-tuning (Howard and Ruder 2018,
arXiv 1801.06146)."""


def is_number(value: object, least: float, most: float) -> bool:
    """Whether a value is a number (of Python, and no truth value) from ``least`` to ``most``, both included."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


@dataclass(frozen=True)
class Recipe:
    """Objective, length and pace of training; raises InputError for what cannot be."""

    objective: str = "ot+pooled+scores"
    """Its parts, of ``OBJECTIVES``, joined by ``+``; ``scores`` falls away where the documents are not English. In pre-training, one of
    ``PRETRAINING``."""
    steps: int = 800
    batch_size: int = 32
    learns: str = "all"
    """What learns, of ``LEARNING``."""
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises."""
    seed: int = 42

    def __post_init__(self) -> None:
        if self.objective not in PRETRAINING or self.objective == "none":
            _ = self.parts
        for option, number, least, most in (
            ("steps", self.steps, 1, None),
            ("batch-size", self.batch_size, 1, None),
            ("seed", self.seed, 0, 2**32 - 1),
        ):
            if type(number) is not int or number < least or (most is not None and number > most):
                raise InputError(f"--{option} {number}: expected a number from {least}" + (f" to {most}" if most else ""))
        if self.learns not in LEARNING:
            raise unknown("--learns", str(self.learns), LEARNING)
        if not is_number(self.warmup, 0, 1):
            raise InputError(f"warmup {self.warmup}: expected a share of the steps, from 0 to 1")

    def described(self) -> dict[str, Any]:
        """All that a student of this recipe depends on."""
        return asdict(self) | ({"layers_rate": LAYERS_RATE} if self.learns == "all" else {})

    @property
    def readings(self) -> int:
        """Training pairs that are read at the most."""
        return self.steps * self.batch_size

    @property
    def parts(self) -> list[str]:
        """The names of the objectives that are added up; raises InputError for one that is not known."""
        parts = str(self.objective).split("+")
        for part in parts:
            if part not in OBJECTIVES:
                raise unknown("objective", part, OBJECTIVES)
            if parts.count(part) > 1:
                raise InputError(f"--objective {self.objective}: {part} stands twice; name each part once")
        return parts

    def fitted(self, pairs: int, english_documents: bool) -> Recipe:
        """The recipe with no more steps than read ``pairs`` training pairs once, and no part that cannot be had.

        Raises InputError if no part is left.
        """
        parts = [part for part in self.parts if english_documents or not OBJECTIVES[part].english_documents]
        if not parts:
            raise InputError(f"--objective {self.objective} needs English documents, which the teacher reads; add ot or pooled")
        steps = max(1, min(self.steps, pairs // self.batch_size))
        return replace(self, objective="+".join(parts), steps=steps)
