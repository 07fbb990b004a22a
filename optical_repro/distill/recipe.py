"""How a student is trained, the same for all regimes in a comparison."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from ..base.errors import InputError, unknown
from ..training_text.pretraining import PRETRAINING
from . import ways
from .objectives import OBJECTIVES

REVISION = 1
"""Raise it with every change to what the same recipe means."""

LEARNING = {
    "words": "the embeddings of the words that the student gained",
    "embeddings": "all embeddings",
    "all": "everything",
}
"""The weights of the student that are trained."""

RATE = 1e-3
"""Learning rate of embeddings and of temporary heads."""

LAYERS_RATE = 5e-5
"""Learning rate of transformer layers, lower to keep what they have learnt from English. The rates were chosen on AfriQA's Hausa and
Yorùbá train and dev topics; lower rates for layers than for new parameters are discriminative fine-tuning (Howard and Ruder 2018,
arXiv 1801.06146)."""


def is_number(value: object, least: float, most: float) -> bool:
    """Whether a value is a number (int or float, not bool) from ``least`` to ``most``, both included."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


@dataclass(frozen=True)
class Recipe:
    """Objective, length and learning rates of training. Raises InputError for invalid values."""

    objective: str = "ot+pooled+scores"
    """Its parts, from ``OBJECTIVES``, joined by ``+``; ``scores`` is left out if the documents are not English. In pre-training, one of
    ``PRETRAINING``."""
    steps: int = 800
    batch_size: int = 32
    learns: str = "all"
    """The weights to train, one of ``LEARNING``."""
    warmup: float = 0.1
    """Share of the steps during which the learning rate rises."""
    seed: int = 42
    transport: tuple[str, ...] = ()
    """Other ways to make the plan of the objective ``ot``, from ``ways.WAYS``."""
    devices: int = 1
    """GPUs, or processes on the processor, that share each batch."""

    def __post_init__(self) -> None:
        if self.objective not in PRETRAINING or self.objective == "none":
            ways.check(self.transport, self.parts)
        for option, number, least, most in (
            ("steps", self.steps, 1, None),
            ("batch-size", self.batch_size, 1, None),
            ("seed", self.seed, 0, 2**32 - 1),
            ("devices", self.devices, 1, None),
        ):
            if type(number) is not int or number < least or (most is not None and number > most):
                raise InputError(f"--{option} {number}: expected a number from {least}" + (f" to {most}" if most else ""))
        self._check_devices()
        if self.learns not in LEARNING:
            raise unknown("--learns", str(self.learns), LEARNING)
        if not is_number(self.warmup, 0, 1):
            raise InputError(f"warmup {self.warmup}: expected a share of the steps, from 0 to 1")

    def _check_devices(self) -> None:
        if self.batch_size % self.devices:
            shares = ", ".join(str(number) for number in range(1, self.batch_size + 1) if not self.batch_size % number)
            raise InputError(f"--devices {self.devices}: cannot share {self.batch_size} pairs evenly; use one of {shares}")
        if self.devices > 1 and self.objective not in PRETRAINING:
            for part in self.parts:
                if not OBJECTIVES[part].in_parts:
                    raise InputError(f"--devices {self.devices}: the objective {part} needs whole batches; use --devices 1")

    def described(self) -> dict[str, Any]:
        """Everything in the recipe that a student depends on."""
        usual = {"transport": (), "devices": 1}  # Younger than the first caches, whose keys have neither.
        values = {name: value for name, value in asdict(self).items() if name not in usual or value != usual[name]}
        return values | ({"layers_rate": LAYERS_RATE} if self.learns == "all" else {})

    @property
    def readings(self) -> int:
        """Maximum number of training pairs that are read."""
        return self.steps * self.batch_size

    @property
    def parts(self) -> list[str]:
        """The names of the objectives that are summed. Raises InputError for an unknown one."""
        parts = str(self.objective).split("+")
        for part in parts:
            if part not in OBJECTIVES:
                raise unknown("objective", part, OBJECTIVES)
            if parts.count(part) > 1:
                raise InputError(f"--objective {self.objective}: {part} stands twice; name each part once")
        return parts

    def fitted(self, pairs: int, english_documents: bool) -> Recipe:
        """The recipe with steps for at most one pass over ``pairs`` training pairs, and without objectives that need English documents
        if there are none.

        Raises InputError if no part is left.
        """
        parts = [part for part in self.parts if english_documents or not OBJECTIVES[part].english_documents]
        if not parts:
            raise InputError(f"--objective {self.objective} needs English documents, which the teacher reads; add ot or pooled")
        steps = max(1, min(self.steps, pairs // self.batch_size))
        return replace(self, objective="+".join(parts), steps=steps)
