"""The teacher's side of the training pairs, computed once and kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..files import whole
from ..terminal import hush_transformers

LONGEST = 128
"""Tokens of a text that teacher and student read in training."""


class TeacherStates:
    """The teacher's token states of a list of texts, read from disk as they are needed (16-bit floats)."""

    def __init__(self, folder: Path) -> None:
        self._ends = np.load(folder / "ends.npy")
        self._width = int(np.load(folder / "width.npy"))
        self._states = np.memmap(folder / "states.f16", dtype=np.float16, mode="r").reshape(-1, self._width)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> np.ndarray:
        """Token states of one text: [tokens, d]."""
        start = self._ends[index - 1] if index else 0
        return self._states[start : self._ends[index]]


def write_states(teacher: Path, texts: Sequence[str], folder: Path, device: str, batch_size: int = 64) -> None:
    """Runs the teacher over texts and writes what ``TeacherStates`` reads.

    Raises FloatingPointError naming the text whose states are not finite.
    """
    import torch
    from tqdm import tqdm
    from transformers import AutoModel, AutoTokenizer

    hush_transformers()
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    model = AutoModel.from_pretrained(teacher).to(device).eval()
    tokenizer.backend_tokenizer.no_padding()
    ids = tokenizer(list(texts), truncation=True, max_length=LONGEST, padding=False)["input_ids"]
    lengths = np.array([len(text) for text in ids])
    ends = np.cumsum(lengths)
    width = model.config.hidden_size
    order = np.argsort(-lengths, kind="stable")
    with (
        (folder / "states.f16").open("wb") as states,
        torch.inference_mode(),
        tqdm(total=len(ids), desc="  teacher reads", unit="text", leave=False, disable=None) as bar,
    ):
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            inputs = tokenizer.pad({"input_ids": [ids[index] for index in batch]}, return_tensors="pt").to(device)
            hidden = model(**inputs).last_hidden_state.cpu().numpy()
            for index, row in zip(batch, hidden, strict=True):
                if not np.isfinite(row[: lengths[index]]).all():
                    raise FloatingPointError(f'the teacher gives no finite states for the text "{texts[index]}"')
                # Not through a memory map: on a full disk that ends the process without a word.
                states.seek(int(ends[index] - lengths[index]) * width * np.dtype(np.float16).itemsize)
                states.write(row[: lengths[index]].astype(np.float16).tobytes())
            bar.update(len(batch))
    for name, array in (("ends", ends), ("width", np.array(width))):
        with whole(folder / f"{name}.npy", "wb") as file:
            np.save(file, array)
