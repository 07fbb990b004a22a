"""Multilingual pre-training of the student, before distillation: masked language modelling on text that is new to it.

The objectives (`training_text.pretraining`) differ in their text. All use BERT's masking (Devlin et al. 2019, arXiv 1810.04805);
translation language modelling masks a sentence and its translation together (Conneau and Lample 2019, arXiv 1901.07291).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..base.terminal import hush_transformers
from ..encoders.models import tokenizer_json
from .loop import Measured, fit, let_learn, probe, reading_order, write_log
from .recipe import Recipe
from .teacher import LONGEST

if TYPE_CHECKING:
    import torch
    from torch import Tensor

REVISION = 1
"""Raise it with every change to the student that the same sentences give."""

MASKED = 0.15
"""Share of the tokens to predict: of these 8 in 10 are masked, 1 is replaced, 1 is unchanged (BERT's shares)."""


def pretrain(
    untrained: Path,
    texts: Sequence[tuple[str, ...]],
    recipe: Recipe,
    folder: Path,
    *,
    device: str,
    title: str,
    held_out: Sequence[tuple[str, ...]] = (),
) -> None:
    """Trains the student in ``untrained`` by the recipe to predict masked tokens of ``texts``; writes it to ``folder``.

    Each text is one sentence, or all are a sentence and its translation, encoded together. Trains the weights that the recipe
    names, and a temporary head. ``held_out`` are texts on which the loss is measured during training (empty: it is measured on some
    training texts). If ``folder/checkpoints`` has checkpoints, training goes on from the last complete one.
    A recipe of several devices needs as many processes (``processes.together``).
    Raises InputError if the tokenizer has no mask token, FloatingPointError at a loss that is not finite.
    """
    import torch
    from transformers import DataCollatorForLanguageModeling

    from ..encoders.encoder import Encoder, load_tokenizer
    from .student import save

    hush_transformers()
    torch.manual_seed(recipe.seed)
    tokenizer, student = load_tokenizer(untrained), Encoder.load(untrained)
    check_mask(tokenizer, recipe.objective)
    encoder = student.transformer
    max_length = min(LONGEST, student.longest(tokenizer))

    def tokenize(texts: Sequence[tuple[str, ...]]) -> list[list[int]]:
        return list(tokenizer(*(list(side) for side in zip(*texts, strict=True)), truncation=True, max_length=max_length)["input_ids"])

    ids = tokenize(texts)
    order = reading_order([len(text) for text in ids], recipe)
    loss_ids = tokenize(held_out) if held_out else [ids[index] for index in probe(len(ids), recipe.seed)]
    measurement = Measured([{"input_ids": text, "place": place} for place, text in enumerate(loss_ids)], "texts", bool(held_out))
    examples = [{"input_ids": ids[index], "place": place} for place, index in enumerate(order)]
    masking = DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASKED, seed=recipe.seed)

    def collate(batch: list[dict[str, Any]]) -> dict[str, Tensor]:
        # The seed is the place in the order, so that a resumed training has the same masks.
        masking.generator = torch.Generator().manual_seed(recipe.seed + batch[0]["place"])
        return dict(masking([{"input_ids": example["input_ids"]} for example in batch]))

    let_learn(encoder, tokenizer, recipe)
    head, checkpoints = with_head(encoder), folder / "checkpoints"
    state = fit(head, encoder, examples, collate, guessing_loss, recipe, checkpoints, device=device, title=title, measured=measurement)
    if state:
        save(student.float().to("cpu"), tokenizer_json(untrained), untrained, folder)
        write_log(folder, recipe, state, measurement)


def check_mask(tokenizer: Any, objective: str) -> None:
    """Raises InputError if a tokenizer has no mask token, which every objective needs."""
    if tokenizer.mask_token is None:
        raise InputError(f"{objective}: the encoder's tokenizer has no mask token; use --pretrain none, or another encoder")


def with_head(encoder: Any) -> torch.nn.Module:
    """An encoder with BERT's head for masked tokens: a linear map, a layer norm, and the input embeddings once more as output.

    Sentence encoders come without this head. The map starts as the identity, so that the states of frozen layers pass unchanged.
    """
    import torch

    embeddings = encoder.get_input_embeddings()
    size = embeddings.embedding_dim
    transform = torch.nn.Linear(encoder.config.hidden_size, size)
    torch.nn.init.eye_(transform.weight)
    torch.nn.init.zeros_(transform.bias)

    class Head(torch.nn.ModuleDict):
        bias: torch.nn.Parameter

        def forward(self, inputs: dict[str, Tensor], masked: Tensor) -> Tensor:
            """The scores of the vocabulary at the places that ``masked`` names, [places, words], in 32-bit."""
            with torch.autocast(masked.device.type, enabled=False):
                states = self["encoder"](**inputs).last_hidden_state[masked]
                outputs = self["norm"](self["transform"](states))
                return torch.nn.functional.linear(outputs, embeddings.weight, self.bias)

    head = Head({"encoder": encoder, "transform": transform, "norm": torch.nn.LayerNorm(size)})
    head.register_parameter("bias", torch.nn.Parameter(torch.zeros(embeddings.num_embeddings)))
    return head


def guessing_loss(model: Any, inputs: dict[str, Tensor], own: slice = slice(None)) -> Tensor:
    """Cross-entropy of the tokens to predict (``labels``; -100 elsewhere), over the whole vocabulary.

    Where ``own`` is a part of the rows, the mean over such parts of one size is the loss of all: they may have more or fewer tokens
    to predict.
    """
    import torch

    every = inputs["labels"]
    rows = {name: tensor[own] for name, tensor in inputs.items()}
    labels = rows.pop("labels")
    masked = labels != -100
    scores = model(rows, masked).float()
    if len(labels) == len(every):
        return torch.nn.functional.cross_entropy(scores, labels[masked])
    loss = torch.nn.functional.cross_entropy(scores, labels[masked], reduction="sum")
    return loss * (len(every) / len(labels)) / (every != -100).sum()
