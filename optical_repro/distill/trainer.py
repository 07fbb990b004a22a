"""Distillation: trains the student to match its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.terminal import hush_transformers
from ..encoders.models import tokenizer_json
from .loop import Measured, fit, let_learn, probe, reading_order, write_log
from .objectives import total
from .recipe import Recipe
from .teacher import LONGEST, TeacherStates, token_ids

if TYPE_CHECKING:
    import torch


class Sides(NamedTuple):
    """Pairs of texts: the student's texts; the teacher's states for text i are ``states[state_of[i]]``."""

    texts: Sequence[str]
    states: TeacherStates
    state_of: Sequence[int]


REVISION = 1
"""To be raised with every change to the result of training on the same pairs."""


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
) -> None:
    """Trains the student in ``untrained`` on ``texts`` and writes it to ``folder``.

    The teacher's states for text i are ``states[state_of[i]]``. ``pooling`` is the teacher's; ``passages`` holds its vectors of
    passages, [P, d], for the objective ``scores``. ``held_out`` are pairs that training does not read, on which the loss is measured
    (None: on some training pairs). If ``folder/checkpoints`` has a complete checkpoint, training goes on from the last. Raises
    FloatingPointError at a loss that is not finite.
    """
    import torch

    from ..encoders.encoder import Encoder, load_tokenizer
    from .batch import Batch
    from .student import save

    hush_transformers()
    torch.manual_seed(recipe.seed)
    tokenizer, model = load_tokenizer(untrained), Encoder.load(untrained)
    longest = min(LONGEST, model.longest(tokenizer))
    ids = token_ids(tokenizer, texts, longest)
    order = reading_order([len(text) for text in ids], recipe)
    examples = [{"input_ids": ids[index], "teacher": states[state_of[index]]} for index in order]
    if held_out:
        sides = zip(token_ids(tokenizer, held_out.texts, longest), held_out.state_of, strict=True)
        measured_examples = [{"input_ids": text, "teacher": held_out.states[index]} for text, index in sides]
    else:
        measured_examples = [{"input_ids": ids[index], "teacher": states[state_of[index]]} for index in probe(len(ids), recipe.seed)]
    measured = Measured(measured_examples, "sentence pairs" if held_out else "training pairs", held_out is not None)
    passage_vectors = None if passages is None else torch.from_numpy(passages).to(device)
    student_pooling = model.convention.pooling

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        inputs = tokenizer.pad({"input_ids": [example["input_ids"] for example in batch]}, return_tensors="pt")
        rows = [torch.from_numpy(example["teacher"].astype(np.float32)) for example in batch]
        return {
            **inputs,
            "teacher": torch.nn.utils.rnn.pad_sequence(rows, batch_first=True),
            "teacher_mask": torch.nn.utils.rnn.pad_sequence([torch.ones(len(row)) for row in rows], batch_first=True),
        }

    def loss(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        teacher, teacher_mask = inputs.pop("teacher"), inputs.pop("teacher_mask")
        hidden, mask = model(**inputs), inputs["attention_mask"].float()
        return total(recipe.parts, Batch(hidden, mask, teacher, teacher_mask, passage_vectors, student_pooling, pooling))

    let_learn(model.transformer, tokenizer, recipe)
    checkpoints = folder / "checkpoints"
    state = fit(model, model.transformer, examples, collate, loss, recipe, checkpoints, device=device, title=title, measured=measured)
    save(model.float().to("cpu"), tokenizer_json(untrained), untrained, folder)
    write_log(folder, recipe, state, measured)
