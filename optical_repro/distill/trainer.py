"""Distillation: training of the student to match its teacher."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import whole
from ..models import tokenizer_json
from ..terminal import hush_transformers
from . import objectives
from .loop import fit, let_learn, losses, reading_order
from .recipe import Recipe
from .teacher import LONGEST, TeacherStates, read

if TYPE_CHECKING:
    import torch
    from transformers import TrainerState


REVISION = 1
"""To be raised with every change to what the same pairs teach."""


def train(
    untrained: Path,
    texts: Sequence[str],
    states: TeacherStates,
    which: Sequence[int],
    recipe: Recipe,
    folder: Path,
    *,
    device: str,
    title: str,
    pooling: str = "mean",
    passages: np.ndarray | None = None,
) -> None:
    """Trains the student in ``untrained`` on ``texts``, the teacher's side of text i being ``states[which[i]]``; writes it to ``folder``.

    ``pooling`` is the teacher's; ``passages`` holds its vectors of passages, [P, d], for the objective ``scores``. Where
    ``folder/checkpoints`` has checkpoints, training goes on from the last whole one. Raises FloatingPointError at a loss that is not
    finite.
    """
    import torch

    from ..encoder import Encoder, load_tokenizer

    hush_transformers()
    torch.manual_seed(recipe.seed)
    tokenizer, model = load_tokenizer(untrained), Encoder.load(untrained)
    ids = read(tokenizer, texts, min(LONGEST, model.longest(tokenizer)))
    order = reading_order([len(text) for text in ids], recipe)
    examples = [{"input_ids": ids[index], "teacher": which[index]} for index in order]
    pool = None if passages is None else torch.from_numpy(passages).to(device)
    ours = model.convention.pooling

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        inputs = tokenizer.pad({"input_ids": [example["input_ids"] for example in batch]}, return_tensors="pt")
        rows = [torch.from_numpy(states[example["teacher"]].astype(np.float32)) for example in batch]
        return {
            **inputs,
            "teacher": torch.nn.utils.rnn.pad_sequence(rows, batch_first=True),
            "teacher_mask": torch.nn.utils.rnn.pad_sequence([torch.ones(len(row)) for row in rows], batch_first=True),
        }

    def loss(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        teacher, teacher_mask = inputs.pop("teacher"), inputs.pop("teacher_mask")
        hidden, mask = model(**inputs), inputs["attention_mask"].float()
        return objectives.total(recipe.parts, objectives.Batch(hidden, mask, teacher, teacher_mask, pool, ours, pooling))

    let_learn(model.transformer, tokenizer, recipe)
    state = fit(model, model.transformer, examples, collate, loss, recipe, folder / "checkpoints", device=device, title=title)
    _write(model, untrained, recipe, state, folder)


def _write(model: Any, untrained: Path, recipe: Recipe, state: TrainerState, folder: Path) -> None:
    from .student import save

    model.float().to("cpu")
    save(model, tokenizer_json(untrained), untrained, folder)
    with whole(folder / "training.json") as file:
        json.dump({"recipe": recipe.described(), "log": losses(state)}, file, indent=1)
