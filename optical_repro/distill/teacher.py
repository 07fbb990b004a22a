"""The teacher's states of the training pairs, computed once and kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..base.files import whole
from ..base.terminal import hush_transformers

REVISION = 1
"""To be raised with every change to the states of the same texts."""

LONGEST = 128
"""The maximum number of tokens that teacher and student read of a text in training."""


class TeacherStates:
    """The teacher's token states of a list of texts, read from disk when needed (16-bit floats)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = np.load(folder / "ends.npy")
        self._width = int(np.load(folder / "width.npy"))
        self._states = np.memmap(folder / "states.f16", dtype=np.float16, mode="r").reshape(-1, self._width)

    def __reduce__(self) -> tuple[type[TeacherStates], tuple[Path]]:
        """For another process: it reads the same files."""
        return TeacherStates, (self._folder,)

    def __getitem__(self, index: int) -> np.ndarray:
        """Token states of one text: [tokens, d]."""
        start = self._ends[index - 1] if index else 0
        return self._states[start : self._ends[index]]


def token_ids(tokenizer: Any, texts: Sequence[str], longest: int) -> list[list[int]]:
    """The token ids of texts, at most ``longest`` each.

    Raises InputError for a tokenizer that does not put one special token before and one after a text: ``objectives.ot`` leaves
    these two out.
    """
    mask = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
    if mask[0] != 1 or mask[-1] != 1 or sum(mask) != 2:
        raise InputError(f"{tokenizer.name_or_path}: its tokenizer puts {sum(mask)} special tokens around a text; expected one at each end")
    return list(tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"])


def token_weights(teacher: Path, texts: Sequence[str]) -> list[list[float]]:
    """How much each of the teacher's tokens of texts says (`plans.information`): [tokens] for each text."""
    from ..encoders import encoder
    from .plans import information

    tokenizer = encoder.load_tokenizer(teacher)
    return information(token_ids(tokenizer, texts, min(LONGEST, encoder.Encoder.load(teacher).longest(tokenizer))))


def write_states(teacher: Path, texts: Sequence[str], folder: Path, device: str, batch_size: int = 64) -> None:
    """Runs the teacher over texts and writes the files of ``TeacherStates``.

    Raises FloatingPointError naming the text whose states are not finite.
    """
    import torch
    from tqdm import tqdm

    from ..encoders.encoder import Encoder, load_tokenizer

    hush_transformers()
    tokenizer = load_tokenizer(teacher)
    model = Encoder.load(teacher).to(device).eval()
    ids = token_ids(tokenizer, texts, min(LONGEST, model.longest(tokenizer)))
    lengths = np.array([len(text) for text in ids])
    ends = np.cumsum(lengths)
    width = model.dimension
    order = np.argsort(-lengths, kind="stable")
    with (
        (folder / "states.f16").open("wb") as states,
        torch.inference_mode(),
        tqdm(total=len(ids), desc="  teacher reads", unit="text", leave=False, disable=None) as bar,
    ):
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            inputs = tokenizer.pad({"input_ids": [ids[index] for index in batch]}, return_tensors="pt").to(device)
            hidden = model(inputs["input_ids"], inputs["attention_mask"]).cpu().numpy()
            for index, row in zip(batch, hidden, strict=True):
                if not np.isfinite(row[: lengths[index]]).all():
                    raise FloatingPointError(f'the teacher gives no finite states for the text "{texts[index]}"')
                # Not through a memory map, which on a full disk ends the process without a message.
                states.seek(int(ends[index] - lengths[index]) * width * np.dtype(np.float16).itemsize)
                states.write(row[: lengths[index]].astype(np.float16).tobytes())
            bar.update(len(batch))
    for name, array in (("ends", ends), ("width", np.array(width))):
        with whole(folder / f"{name}.npy", "wb") as file:
            np.save(file, array)
