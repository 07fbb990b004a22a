"""Training with the Hugging Face Trainer, for any objective: learning rates, checkpoints, resumption, and the log of the loss."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..base.files import whole
from ..encoders.precision import has_fast_bf16
from .recipe import LAYERS_RATE, RATE, Recipe

if TYPE_CHECKING:
    import torch
    from transformers import TrainerState


REVISION = 1
"""To be raised with every change to the result of training on the same examples."""


def fit(
    model: torch.nn.Module,
    encoder: Any,
    examples: Sequence[Any],
    collate: Callable[[list[Any]], dict[str, Any]],
    loss: Callable[[Any, dict[str, Any], slice], torch.Tensor],
    recipe: Recipe,
    checkpoints: Path,
    *,
    device: str,
    title: str,
    measured: Measured | None = None,
) -> TrainerState | None:
    """Trains the weights of ``model`` that require gradients, in place, on ``examples`` in order.

    Returns the Trainer's state; None in all processes of ``processes.together`` but the first, which alone writes and logs.

    ``encoder`` is the transformer in it, whose layers have a lower learning rate (``recipe.LAYERS_RATE``). ``collate`` turns a batch
    of examples into tensors; ``loss`` takes model, tensors and the rows of the batch that this process computes: the mean over the
    processes must be the loss of the batch. Now and then the mean loss on the examples of ``measured`` joins the
    log: a batch holds texts of similar length, and its loss depends on that length. A process uses one device, the first GPU if there
    are several. If ``checkpoints`` has a complete checkpoint, training goes on from the last.
    Raises FloatingPointError at a loss that is not finite.
    """
    import torch
    from transformers import Trainer, TrainingArguments
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    class LossTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
            # No dropout: the target is the teacher's own state, not a guess. Students were as good without it (AfriQA, Hausa and Yorùbá,
            # train and dev: between -.004 and +.002 MAP), and a step takes less time. On CPUs, PyTorch's fused attention is only for
            # models without dropout in attention: the others hold [batch, heads, tokens, tokens] attention weights per layer.
            model.eval()
            value = loss(model, inputs, inputs.pop("own"))
            if not torch.isfinite(value):
                raise FloatingPointError(f"the loss is {value.item()} at step {self.state.global_step}; a lower learning rate may help")
            return (value, None) if return_outputs else value

        def create_optimizer(self, _: Any = None) -> torch.optim.Optimizer:
            optimizer, options = self.get_optimizer_cls_and_kwargs(self.args)
            self.optimizer = optimizer(_parameter_groups(model, encoder), **options | {"weight_decay": self.args.weight_decay})
            return self.optimizer

        def log(self, logs: dict[str, float], *rest: Any) -> None:
            if (
                "loss" in logs
                and measured
                and self.is_world_process_zero()
                and _is_due(self.state.global_step, self.state.log_history, recipe.steps)
            ):
                logs[measured.name] = self.measure(measured.examples)
            super().log(logs, *rest)

        def measure(self, examples: Sequence[Any]) -> float:
            """The mean loss on examples; uses no random numbers and does not affect training."""
            model.eval()
            total = 0.0
            for start in range(0, len(examples), MEASURED_TOGETHER):
                batch = list(examples[start : start + MEASURED_TOGETHER])
                with torch.no_grad(), self.compute_loss_context_manager():
                    total += float(loss(model, self._prepare_inputs(collate(batch)), slice(None))) * len(batch)
            return total / len(examples)

    def read(places: list[int]) -> dict[str, Any]:
        """The whole batch that has the examples at these places of the order, which are a process's own share of it."""
        start = places[0] - places[0] % recipe.batch_size
        own = slice(places[0] - start, places[-1] - start + 1)
        return {**collate(list(examples[start : start + recipe.batch_size])), "own": own}

    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch_size // recipe.devices,
        learning_rate=RATE,
        warmup_steps=round(recipe.warmup * recipe.steps),
        weight_decay=0.0,
        train_sampling_strategy="sequential",
        bf16=has_fast_bf16(device),
        use_cpu=device == "cpu",
        save_steps=max(recipe.steps // 6, 25),
        save_total_limit=2,
        logging_steps=_log_interval(recipe.steps),
        report_to=[],
        seed=recipe.seed,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=device == "cuda",
        ddp_find_unused_parameters=False,
        ddp_static_graph=True,  # The same weights get gradients in every step; weights that get none are no error then.
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # The Trainer would split a batch over all GPUs with DataParallel, which wraps the model.
    if arguments.world_size != recipe.devices:
        raise ValueError(f"{arguments.world_size} processes for a recipe of {recipe.devices} devices; call processes.together")
    trainer = LossTrainer(model=model, args=arguments, train_dataset=range(len(examples)), data_collator=read)
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    if trainer.is_world_process_zero():
        trainer.add_callback(_progress_bar(title))
    with _same_sums(device):
        trainer.train(resume_from_checkpoint=_last_checkpoint(checkpoints))
    return trainer.state if trainer.is_world_process_zero() else None


@contextmanager
def _same_sums(device: str) -> Iterator[None]:
    """Makes a GPU add up in the same order every time, so that the same training gives the same weights; a processor does so anyway."""
    import torch

    before = torch.are_deterministic_algorithms_enabled()
    if device != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _parameter_groups(model: torch.nn.Module, encoder: Any) -> list[dict[str, Any]]:
    """The trained weights in groups of one learning rate each, as PyTorch's optimizers take them."""
    layers = {id(weight) for weight in encoder.parameters()} - {id(encoder.get_input_embeddings().weight)}
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in trained if id(weight) not in layers], "lr": RATE},
        {"params": [weight for weight in trained if id(weight) in layers], "lr": LAYERS_RATE},
    ]
    return [group for group in groups if group["params"]]


MEASURED = 64
"""The maximum number of examples for the loss that does not depend on the order of batches."""

MEASURED_TOGETHER = 16

MEASURED_EVERY = 24
"""Steps between two measurements, each a third as long as a step (the first and the last entry of the log have one too)."""

CURVES = ("held_out", "probe")
"""The log's names of the losses that do not depend on the order of batches: on examples not read in training, and on some that are."""


@dataclass(frozen=True)
class Measured:
    """The examples that the loss is measured on, always the same."""

    examples: Sequence[Any]
    kind: str
    """What they are: ``sentence pairs``."""
    is_held_out: bool
    """True if training does not read them."""

    @property
    def name(self) -> str:
        """The name of their loss in a log, one of ``CURVES``."""
        return CURVES[0] if self.is_held_out else CURVES[1]

    @property
    def description(self) -> str:
        """Number, kind and origin, in words."""
        origin = "that training does not read" if self.is_held_out else "of those that training reads, always the same"
        return f"{len(self.examples)} {self.kind} {origin}"


def probe(texts: int, seed: int) -> list[int]:
    """The indices of the training texts that the loss is measured on if none are held out, drawn by the seed."""
    return sorted(random.Random(seed).sample(range(texts), min(texts, MEASURED)))


def _log_interval(steps: int) -> int:
    """Steps between two entries of the log."""
    return max(steps // 50, 1)


def _is_due(step: int, history: Sequence[dict[str, float]], steps: int) -> bool:
    """Whether the loss on the measured examples joins the log at a step; ``history`` is the log before it."""
    last = max((entry["step"] for entry in history if any(name in entry for name in CURVES)), default=None)
    return last is None or step - last >= MEASURED_EVERY or step + _log_interval(steps) > steps


def log_entries(state: TrainerState) -> list[dict[str, float]]:
    """The training log: steps, each with its loss, and the loss on the measured examples if there is one."""
    return [{key: entry[key] for key in ("step", "loss", *CURVES) if key in entry} for entry in state.log_history if "loss" in entry]


def write_log(folder: Path, recipe: Recipe, state: TrainerState, measured: Measured) -> None:
    """Writes training.json: the recipe, the log, and a description of the examples that the loss was measured on."""
    with whole(folder / "training.json") as file:
        json.dump({"recipe": recipe.described(), "measured_on": measured.description, "log": log_entries(state)}, file, indent=1)


def let_learn(model: Any, tokenizer: Any, recipe: Recipe) -> None:
    """Freezes the weights of an encoder that the recipe does not train; raises InputError if none are left."""
    embeddings = model.get_input_embeddings().weight
    model.requires_grad_(recipe.learns == "all")
    embeddings.requires_grad_(True)
    if recipe.learns == "words":
        words = new_word_ids(tokenizer)
        if not words:
            raise InputError("--learns words: the student gained none; use --learns embeddings")
        trained = embeddings.new_zeros(len(embeddings), 1)
        trained[words] = 1
        embeddings.register_hook(lambda gradient: gradient * trained.to(gradient.device))
    if getattr(model, "pooler", None) is not None:
        model.pooler.requires_grad_(False)  # Unused: vectors are means of token states.


def new_word_ids(tokenizer: Any) -> list[int]:
    """The ids of the words added to a student's vocabulary."""
    return [index for index, token in tokenizer.added_tokens_decoder.items() if not token.special]


def reading_order(lengths: Sequence[int], recipe: Recipe) -> list[int]:
    """The indices of the texts that training reads, batch after batch: each once per epoch, texts of similar length together.

    The Trainer's own order by length depends on earlier random draws, so a resumed training would read other batches than an
    uninterrupted one; this order depends on the seed alone.
    """
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    generator = torch.Generator().manual_seed(recipe.seed)
    count = recipe.steps * recipe.batch_size
    order: list[int] = []
    while len(order) < count:
        order += get_length_grouped_indices(lengths, recipe.batch_size, generator=generator)
    return order[:count]


def _progress_bar(title: str) -> Any:
    """A progress bar with the loss of the last batches and the loss on the measured examples."""
    from tqdm import tqdm
    from transformers import TrainerCallback

    class Bar(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.postfix: dict[str, str] = {}
            self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc=f"  {title}", unit="step", leave=False, disable=None)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.update(state.global_step - self.bar.n)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            self.postfix |= {name.replace("_", "-"): f"{float(logs[name]):.3f}" for name in ("loss", *CURVES) if name in (logs or {})}
            self.bar.set_postfix(self.postfix)

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.close()

    return Bar()


CHECKPOINT = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state*.pth", "trainer_state.json")
"""The files of a complete checkpoint."""


def _last_checkpoint(checkpoints: Path) -> str | None:
    """The newest checkpoint that is neither half-written (the Trainer writes trainer_state.json last) nor half-deleted."""
    paths = [path for path in checkpoints.glob("checkpoint-*") if all(any(path.glob(name)) for name in CHECKPOINT)]
    complete = [path for path in paths if _is_json(path / "trainer_state.json")]
    return str(max(complete, key=lambda path: int(path.name.rpartition("-")[2]))) if complete else None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True
