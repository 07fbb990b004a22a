"""Training on the Hugging Face Trainer, whatever is learnt: its pace, checkpoints, resumption, and the loss as it falls."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..base.files import whole
from .recipe import LAYERS_RATE, RATE, Recipe

if TYPE_CHECKING:
    import torch
    from transformers import TrainerState


REVISION = 1
"""To be raised with every change to what the same examples teach."""


def fit(
    model: torch.nn.Module,
    encoder: Any,
    examples: Sequence[Any],
    collate: Callable[[list[Any]], dict[str, Any]],
    loss: Callable[[Any, dict[str, Any]], torch.Tensor],
    recipe: Recipe,
    checkpoints: Path,
    *,
    device: str,
    title: str,
    measured: Measured | None = None,
) -> TrainerState:
    """Trains what of ``model`` asks for gradients, in place, on ``examples`` in their order; returns how it went.

    ``encoder`` is the transformer in it, whose layers learn more slowly than the rest (``recipe.LAYERS_RATE``). ``collate`` makes
    tensors of a batch of examples, ``loss`` a number of model and tensors. Now and then the mean loss on the examples of ``measured``
    joins the log: batches of training hold texts of like length, and their losses follow that. All is done on one device, the first
    GPU if there are several. Where ``checkpoints`` holds any, training goes on from the last whole one.
    Raises FloatingPointError at a loss that is not finite.
    """
    import torch
    from transformers import Trainer, TrainingArguments
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    class LossTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
            # Nothing is dropped out: the target is the teacher's own state, which is no guess. Students were as good without (AfriQA, Hausa
            # and Yorùbá, train and dev: between -.004 and +.002 MAP), a step takes less time, and PyTorch's fused attention, on processors,
            # is for models that drop no attention weights: the others hold a table of them a layer, [batch, heads, tokens, tokens].
            model.eval()
            found = loss(model, inputs)
            if not torch.isfinite(found):
                raise FloatingPointError(f"the loss is {found.item()} at step {self.state.global_step}; a lower learning rate may help")
            return (found, None) if return_outputs else found

        def create_optimizer(self, _: Any = None) -> torch.optim.Optimizer:
            kind, options = self.get_optimizer_cls_and_kwargs(self.args)
            self.optimizer = kind(_by_rate(model, encoder), **options | {"weight_decay": self.args.weight_decay})
            return self.optimizer

        def log(self, logs: dict[str, float], *rest: Any) -> None:
            if "loss" in logs and measured and _is_due(self.state.global_step, self.state.log_history, recipe.steps):
                logs[measured.name] = self.measure(measured.examples)
            super().log(logs, *rest)

        def measure(self, examples: Sequence[Any]) -> float:
            """The mean loss on examples; draws nothing at random, and leaves no trace in training."""
            model.eval()
            total = 0.0
            for start in range(0, len(examples), MEASURED_TOGETHER):
                batch = list(examples[start : start + MEASURED_TOGETHER])
                with torch.no_grad(), self.compute_loss_context_manager():
                    total += float(loss(model, self._prepare_inputs(collate(batch)))) * len(batch)
            return total / len(examples)

    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch_size,
        learning_rate=RATE,
        warmup_steps=round(recipe.warmup * recipe.steps),
        weight_decay=0.0,
        train_sampling_strategy="sequential",
        bf16=has_fast_bf16(device),
        use_cpu=device == "cpu",
        save_steps=max(recipe.steps // 6, 25),
        save_total_limit=2,
        logging_steps=_logged_every(recipe.steps),
        report_to=[],
        seed=recipe.seed,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=device != "cpu",
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # The Trainer would spread a batch over all GPUs by DataParallel, which wraps the model.
    trainer = LossTrainer(model=model, args=arguments, train_dataset=examples, data_collator=collate)
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.add_callback(_bar(title))
    trainer.train(resume_from_checkpoint=_last_whole(checkpoints))
    return trainer.state


def _by_rate(model: torch.nn.Module, encoder: Any) -> list[dict[str, Any]]:
    """What learns, in groups of one learning rate each, as PyTorch's optimizers take them."""
    layers = {id(weight) for weight in encoder.parameters()} - {id(encoder.get_input_embeddings().weight)}
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in learning if id(weight) not in layers], "lr": RATE},
        {"params": [weight for weight in learning if id(weight) in layers], "lr": LAYERS_RATE},
    ]
    return [group for group in groups if group["params"]]


MEASURED = 64
"""Examples that a loss is measured on which does not depend on the order of batches, at the most."""

MEASURED_TOGETHER = 16

MEASURED_EVERY = 24
"""Steps between two measurements, each of which takes the time of a third of a step (besides: the first and the last entry of the log)."""

CURVES = ("held_out", "probe")
"""The names in a log of the losses that do not depend on the order of batches: on what training does not read, and on some that it does."""


@dataclass(frozen=True)
class Measured:
    """Examples that the loss is measured on, always the same."""

    examples: Sequence[Any]
    what: str
    """What they are: ``sentence pairs``."""
    is_held_out: bool
    """Whether training does not read them."""

    @property
    def name(self) -> str:
        """Of their loss in a log, one of ``CURVES``."""
        return CURVES[0] if self.is_held_out else CURVES[1]

    @property
    def described(self) -> str:
        """What they are, in words."""
        whose = "that training does not read" if self.is_held_out else "of those that training reads, always the same"
        return f"{len(self.examples)} {self.what} {whose}"


def probe(texts: int, seed: int) -> list[int]:
    """Which of the texts of training the loss is measured on, where there are no others: drawn by the seed."""
    return sorted(random.Random(seed).sample(range(texts), min(texts, MEASURED)))


def _logged_every(steps: int) -> int:
    """Steps between two entries of the log."""
    return max(steps // 50, 1)


def _is_due(step: int, history: Sequence[dict[str, float]], steps: int) -> bool:
    """Whether the loss on the measured examples joins the log at a step, where ``history`` was logged before."""
    last = max((entry["step"] for entry in history if any(name in entry for name in CURVES)), default=None)
    return last is None or step - last >= MEASURED_EVERY or step + _logged_every(steps) > steps


def losses(state: TrainerState) -> list[dict[str, float]]:
    """The training log: steps, each with its loss, and with that on the measured examples where there is one."""
    return [{key: entry[key] for key in ("step", "loss", *CURVES) if key in entry} for entry in state.log_history if "loss" in entry]


def write_log(folder: Path, recipe: Recipe, state: TrainerState, measured: Measured) -> None:
    """Writes training.json: the recipe, the log, and what the loss in it was measured on beside the batches."""
    with whole(folder / "training.json") as file:
        json.dump({"recipe": recipe.described(), "measured_on": measured.described, "log": losses(state)}, file, indent=1)


def let_learn(model: Any, tokenizer: Any, recipe: Recipe) -> None:
    """Freezes all of an encoder that the recipe does not let learn; raises InputError where that is all of it."""
    embeddings = model.get_input_embeddings().weight
    model.requires_grad_(recipe.learns == "all")
    embeddings.requires_grad_(True)
    if recipe.learns == "words":
        words = gained(tokenizer)
        if not words:
            raise InputError("--learns words: the student gained none; use --learns embeddings")
        learning = embeddings.new_zeros(len(embeddings), 1)
        learning[words] = 1
        embeddings.register_hook(lambda gradient: gradient * learning.to(gradient.device))
    if getattr(model, "pooler", None) is not None:
        model.pooler.requires_grad_(False)  # Unused: vectors are means of token states.


def gained(tokenizer: Any) -> list[int]:
    """The ids of the words that a student's vocabulary gained."""
    return [place for place, token in tokenizer.added_tokens_decoder.items() if not token.special]


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


def _bar(title: str) -> Any:
    """A progress bar with the loss of the last batches, and that on the measured examples."""
    from tqdm import tqdm
    from transformers import TrainerCallback

    class Bar(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.shown: dict[str, str] = {}
            self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc=f"  {title}", unit="step", leave=False, disable=None)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.update(state.global_step - self.bar.n)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            self.shown |= {name.replace("_", "-"): f"{float(logs[name]):.3f}" for name in ("loss", *CURVES) if name in (logs or {})}
            self.bar.set_postfix(self.shown)

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


def has_fast_bf16(device: str) -> bool:
    """Whether 16-bit brain floats are faster there: on GPUs and processors that have them in hardware (these: AMX tiles), not emulated.

    Processors with AVX-512's bf16 alone took twice as long with them as with 32-bit floats (benchmarks/precision.py).
    """
    import torch

    return torch.cuda.is_bf16_supported(including_emulation=False) if device != "cpu" else torch.cpu._is_amx_tile_supported()
