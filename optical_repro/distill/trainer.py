"""Distillation: trains the student to match its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.terminal import hush_transformers
from ..encoders.models import tokenizer_json
from .loop import Measured, fit, let_learn, probe, reading_order, write_log
from .objectives import total
from .processes import gathered
from .recipe import Recipe
from .teacher import LONGEST, TeacherStates, token_ids

if TYPE_CHECKING:
    import torch


class Sides(NamedTuple):
    """Pairs of texts: the student's texts; the teacher's states for text i are ``states[state_of[i]]``."""

    texts: Sequence[str]
    states: TeacherStates
    state_of: Sequence[int]
    weights: Sequence[Sequence[float]] | None = None
    """How much each token of a teacher's text says, [tokens] for each of ``states``; None if no plan needs it."""


REVISION = 1
"""To be raised with every change to the result of training on the same pairs."""


WEIGHTS = ["student_weights", "teacher_weights"]
"""What a batch may hold of the weights of its tokens."""


def _examples(ids: Sequence[list[int]], sides: Sides) -> list[dict[str, Any]]:
    """Each text's token ids with the teacher's states, and where the teacher's tokens have weights, those of both."""
    examples: list[dict[str, Any]] = [
        {"input_ids": text, "teacher": sides.states[index]} for text, index in zip(ids, sides.state_of, strict=True)
    ]
    if sides.weights is not None:
        from .plans import information

        for example, own, index in zip(examples, information(ids), sides.state_of, strict=True):
            example |= dict(zip(WEIGHTS, (own, sides.weights[index]), strict=True))
    return examples


def train(
    untrained: Path,
    texts: Sequence[str],
    states: TeacherStates,
    state_of: Sequence[int],
    recipe: Recipe,
    folder: Path,
    *,
    device: str,
    title: str,
    pooling: str = "mean",
    passages: np.ndarray | None = None,
    held_out: Sides | None = None,
    weights: Sequence[Sequence[float]] | None = None,
) -> None:
    """Trains the student in ``untrained`` on ``texts`` and writes it to ``folder``.

    The teacher's states for text i are ``states[state_of[i]]``, and ``weights[state_of[i]]`` the weights of its tokens, for masses by
    content. ``pooling`` is the teacher's; ``passages`` holds its vectors of passages, [P, d], for the objective ``scores``.
    ``held_out`` are pairs that training does not read, on which the loss is measured (None: on some training pairs).
    If ``folder/checkpoints`` has a complete checkpoint, training goes on from the last. A recipe of several devices needs as many
    processes (``processes.together``). Raises FloatingPointError at a loss that is not finite.
    """
    import torch

    from ..encoders.encoder import Encoder, load_tokenizer
    from .batch import Batch
    from .student import save

    hush_transformers()
    torch.manual_seed(recipe.seed)
    tokenizer, model = load_tokenizer(untrained), Encoder.load(untrained)
    longest = min(LONGEST, model.longest(tokenizer))
    read = _examples(token_ids(tokenizer, texts, longest), Sides(texts, states, state_of, weights))
    examples = [read[index] for index in reading_order([len(example["input_ids"]) for example in read], recipe)]
    if held_out:
        measured_examples = _examples(token_ids(tokenizer, held_out.texts, longest), held_out)
    else:
        measured_examples = [read[index] for index in probe(len(read), recipe.seed)]
    measured = Measured(measured_examples, "sentence pairs" if held_out else "training pairs", held_out is not None)
    passage_vectors = None if passages is None else torch.from_numpy(passages).to(device)
    student_pooling = model.convention.pooling

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        inputs = tokenizer.pad({"input_ids": [example["input_ids"] for example in batch]}, return_tensors="pt")
        padded = partial(torch.nn.utils.rnn.pad_sequence, batch_first=True)
        rows = [torch.from_numpy(example["teacher"].astype(np.float32)) for example in batch]
        tensors = {"teacher": padded(rows), "teacher_mask": padded([torch.ones(len(row)) for row in rows])}
        weights = [name for name in WEIGHTS if name in batch[0]]
        return {**inputs, **tensors, **{name: padded([torch.tensor(example[name]) for example in batch]) for name in weights}}

    def loss(model: Any, inputs: dict[str, Any], own: slice) -> torch.Tensor:
        every: dict[str, Any] = {name: inputs.pop(name, None) for name in ("teacher", "teacher_mask", *WEIGHTS)}
        rows = {name: tensor[own] for name, tensor in inputs.items()}
        hidden, mask = model(**rows), inputs["attention_mask"].float()

        def batch(states: torch.Tensor, part: slice, **whole: Any) -> Batch:
            sides: list[Any] = [None if values is None else values[part] for values in every.values()]
            teacher, teacher_mask, *weights = sides
            poolings = student_pooling, pooling
            return Batch(states, mask[part], teacher, teacher_mask, passage_vectors, *poolings, recipe.transport, *weights, **whole)

        if len(hidden) == len(mask):
            return total(recipe.parts, batch(hidden, own))
        return total(recipe.parts, batch(hidden, own, whole=batch(gathered(hidden), slice(None)), own=own))

    let_learn(model.transformer, tokenizer, recipe)
    checkpoints = folder / "checkpoints"
    state = fit(model, model.transformer, examples, collate, loss, recipe, checkpoints, device=device, title=title, measured=measured)
    if state:
        save(model.float().to("cpu"), tokenizer_json(untrained), untrained, folder)
        write_log(folder, recipe, state, measured)
