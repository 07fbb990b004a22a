"""Training of the student on the Hugging Face Trainer: checkpoints, resume, and the loss as it falls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import whole
from ..terminal import hush_transformers
from . import objectives
from .recipe import Recipe
from .teacher import LONGEST, TeacherStates

if TYPE_CHECKING:
    import torch
    from transformers import TrainerState


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
    passages: np.ndarray | None = None,
) -> None:
    """Trains the student in ``untrained`` on ``texts``, the teacher's side of text i being ``states[which[i]]``; writes it to ``folder``.

    ``passages`` holds teacher vectors of passages, [P, d], for the objective ``scores``. Where ``folder/checkpoints`` has
    checkpoints, training goes on from the last whole one. Raises FloatingPointError at a loss that is not finite.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer, Trainer, TrainingArguments
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    hush_transformers()
    torch.manual_seed(recipe.seed)
    tokenizer = AutoTokenizer.from_pretrained(untrained)
    ids = tokenizer(list(texts), truncation=True, max_length=LONGEST)["input_ids"]
    order = reading_order([len(text) for text in ids], recipe)
    examples = [{"input_ids": ids[index], "teacher": which[index]} for index in order]
    pool = None if passages is None else torch.from_numpy(passages).to(device)

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        inputs = tokenizer.pad({"input_ids": [example["input_ids"] for example in batch]}, return_tensors="pt")
        rows = [torch.from_numpy(states[example["teacher"]].astype(np.float32)) for example in batch]
        return {
            **inputs,
            "teacher": torch.nn.utils.rnn.pad_sequence(rows, batch_first=True),
            "teacher_mask": torch.nn.utils.rnn.pad_sequence([torch.ones(len(row)) for row in rows], batch_first=True),
        }

    class DistillationTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
            teacher, teacher_mask = inputs.pop("teacher"), inputs.pop("teacher_mask")
            hidden = model(**inputs).last_hidden_state
            loss = objectives.total(recipe.parts, objectives.Batch(hidden, inputs["attention_mask"].float(), teacher, teacher_mask, pool))
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss.item()} at step {self.state.global_step}; a lower learning rate may help")
            return (loss, hidden) if return_outputs else loss

    checkpoints = folder / "checkpoints"
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        warmup_steps=round(recipe.warmup * recipe.steps),
        weight_decay=0.0,
        train_sampling_strategy="sequential",
        bf16=_has_fast_bf16(device),
        use_cpu=device == "cpu",
        save_steps=max(recipe.steps // 6, 25),
        save_total_limit=2,
        logging_steps=max(recipe.steps // 50, 1),
        report_to=[],
        seed=recipe.seed,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=device != "cpu",
    )
    model = AutoModel.from_pretrained(untrained)
    model.requires_grad_(recipe.learns == "all")
    model.get_input_embeddings().requires_grad_(True)
    if getattr(model, "pooler", None) is not None:
        model.pooler.requires_grad_(False)  # Unused: vectors are means of token states.
    trainer = DistillationTrainer(model=model, args=arguments, train_dataset=examples, data_collator=collate)
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.add_callback(_bar(title))
    trainer.train(resume_from_checkpoint=_last_whole(checkpoints))
    _write(trainer.model, untrained, recipe, trainer.state, folder)


def reading_order(lengths: Sequence[int], recipe: Recipe) -> list[int]:
    """The texts that training reads, batch after batch: each once an epoch, those of like length together.

    The Trainer's own order by length follows from the draws before it, so that a resumed training would read other batches than
    an uninterrupted one; this follows from the seed alone.
    """
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    generator = torch.Generator().manual_seed(recipe.seed)
    needed = recipe.steps * recipe.batch_size
    order: list[int] = []
    while len(order) < needed:
        order += get_length_grouped_indices(lengths, recipe.batch_size, generator=generator)
    return order[:needed]


def _write(model: Any, untrained: Path, recipe: Recipe, state: TrainerState, folder: Path) -> None:
    from .student import save

    model.float().to("cpu")
    save(model, json.loads((untrained / "tokenizer.json").read_text(encoding="utf-8")), untrained, folder)
    log = [{"step": entry["step"], "loss": entry["loss"]} for entry in state.log_history if "loss" in entry]
    with whole(folder / "training.json") as file:
        json.dump({"recipe": asdict(recipe), "log": log}, file, indent=1)


def _bar(title: str) -> Any:
    """A progress bar with the loss."""
    from tqdm import tqdm
    from transformers import TrainerCallback

    class Bar(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc=f"  {title}", unit="step", leave=False, disable=None)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.update(state.global_step - self.bar.n)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                self.bar.set_postfix(loss=f"{float(logs['loss']):.3f}")

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.close()

    return Bar()


CHECKPOINT = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state*.pth", "trainer_state.json")
"""The files of a whole checkpoint."""


def _last_whole(checkpoints: Path) -> str | None:
    """The newest checkpoint that was neither half-written (the Trainer writes trainer_state.json last) nor half-deleted."""
    found = [path for path in checkpoints.glob("checkpoint-*") if all(any(path.glob(name)) for name in CHECKPOINT)]
    whole_ones = [path for path in found if _is_json(path / "trainer_state.json")]
    return str(max(whole_ones, key=lambda path: int(path.name.rpartition("-")[2]))) if whole_ones else None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _has_fast_bf16(device: str) -> bool:
    """Whether 16-bit brain floats are faster there: on GPUs that know them and processors with AMX tiles.

    Processors with AVX-512's bf16 alone took twice as long with them as with 32-bit floats (benchmarks/precision.py).
    """
    import torch

    return torch.cuda.is_bf16_supported() if device != "cpu" else torch.cpu._is_amx_tile_supported()
