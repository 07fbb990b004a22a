"""How a student is trained: the same for every regime that is compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import InputError, unknown

OBJECTIVES = {
    "ot": "token alignment: the optimal-transport loss",
    "pooled": "one minus the cosine of the two texts' vectors",
    "scores": "the teacher's distribution of scores over the passages (English documents only)",
}

LEARNING = {"words": 1e-3, "embeddings": 1e-3, "all": 1e-4}
"""What of the student learns, with its learning rate: the embeddings of the words that it gained, all embeddings, or everything. On little
text less learns better: what the layers know of English, and of meaning, carries over as it is, and so do names. Chosen on AfriQA's Hausa
and Yorùbá train and dev topics."""

PRETRAINING = {
    "none": "distillation alone",
    "mlm": "masked language modelling on sentences of the language and passages of the collection",
    "tlm": "translation language modelling: masked tokens of a sentence and its English translation, read together",
    "cs-mlm": "masked language modelling on code-switched English: of the parallel text, and passages that are English",
}
"""What the student may learn before distillation, in as many steps."""


@dataclass(frozen=True)
class Recipe:
    """Objective, length and pace of training."""

    objective: str = "ot+pooled+scores"
    """Its parts, of ``OBJECTIVES``, joined by ``+``; ``scores`` falls away where the documents are not English."""
    steps: int = 400
    batch_size: int = 32
    learns: str = "words"
    """What learns, of ``LEARNING``."""
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises."""
    seed: int = 42

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed {self.seed}: expected a number from 0 to {2**32 - 1}")

    @property
    def learning_rate(self) -> float:
        """The highest, after the rise."""
        return LEARNING[self.learns]

    @property
    def parts(self) -> list[str]:
        """The names of the objectives that are added up; raises InputError for one that is not known."""
        parts = self.objective.split("+")
        for part in parts:
            if part not in OBJECTIVES:
                raise unknown("objective", part, OBJECTIVES)
        return parts

    def fitted(self, pairs: int, english_documents: bool) -> Recipe:
        """The recipe with no more steps than read ``pairs`` training pairs once, and no part that cannot be had.

        Raises InputError if no part is left.
        """
        parts = [part for part in self.parts if english_documents or part != "scores"]
        if not parts:
            raise InputError("--objective scores needs English documents, which the teacher reads; add ot or pooled")
        steps = max(1, min(self.steps, pairs // self.batch_size))
        return replace(self, objective="+".join(parts), steps=steps)
