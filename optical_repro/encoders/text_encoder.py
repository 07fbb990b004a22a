"""Vectors of texts from a Hugging Face encoder, equal to those of sentence-transformers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..base.quiet import quiet

if TYPE_CHECKING:
    import torch


REVISION = 1
"""Raise it with every change to the vectors of the same texts."""


class TextEncoder:
    """A frozen encoder: ``encode`` gives a unit vector for each text, ``encode_tokens`` one for each token.

    >>> from optical_repro.encoders.models import EMBEDDED, locate
    >>> TextEncoder(locate(EMBEDDED)).encode(["Ẹ káàárọ̀", "Good morning"]).shape
    (2, 384)
    """

    def __init__(self, model: Path | str, device: str = "cpu", bf16: bool = False) -> None:
        """Loads a model in 32-bit, to multiply so, or in 16-bit brain floats (``bf16``); raises InputError if there is none."""
        with quiet():
            from .encoder import Encoder, load_tokenizer

            if Path(model).exists() and not (Path(model) / "config.json").exists():
                raise InputError(f"{model}: no config.json in it; expected the folder of a Hugging Face encoder")
            self.model = Encoder.load(model).to(device).eval()
            self.tokenizer = load_tokenizer(model)
        self.name = str(model)
        self.device, self.bf16 = device, bf16
        self.convention = self.model.convention
        self.max_length = self.model.longest(self.tokenizer)
        self.dimension = self.model.dimension
        self.batch_size = 16 if device == "cpu" else 256  # 16 stays in a processor's cache: twice as fast as 64

    def as_queries(self, texts: Iterable[str]) -> list[str]:
        """Queries as the model reads them: after its prefix."""
        return [self.convention.query_prefix + text for text in texts]

    def as_passages(self, texts: Iterable[str]) -> list[str]:
        """Passages as the model reads them: after its prefix."""
        return [self.convention.passage_prefix + text for text in texts]

    def encode(self, texts: Sequence[str], batch_size: int | None = None) -> np.ndarray:
        """Unit vectors, float32 [texts, dimension], in the texts' order; raises FloatingPointError if one is not finite."""
        from .encoder import pool

        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows, states, mask, _ in self._batches(texts, batch_size or self.batch_size):
            vectors[rows] = pool(states, mask, self.convention.pooling).cpu().numpy()
        self._check(texts, [bool(np.isfinite(vector).all()) for vector in vectors])
        return vectors

    def encode_tokens(self, texts: Sequence[str], batch_size: int | None = None) -> list[np.ndarray]:
        """For each text the unit vectors of its tokens, float32 [tokens, dimension]; raises FloatingPointError if one is not finite.

        Special tokens are left out, except in a text that has no others.
        """
        import torch

        vectors: list[np.ndarray] = [np.empty(0)] * len(texts)
        for rows, states, mask, special in self._batches(texts, batch_size or self.batch_size):
            unit = torch.nn.functional.normalize(states, dim=-1).cpu().numpy()
            for row, state, real, not_word in zip(rows, unit, mask.cpu().numpy() > 0, special.cpu().numpy() > 0, strict=True):
                words = real & ~not_word
                vectors[row] = state[words if words.any() else real]
        self._check(texts, [bool(np.isfinite(tokens).all()) for tokens in vectors])
        return vectors

    def _batches(self, texts: Sequence[str], size: int) -> Iterator[tuple[list[int], torch.Tensor, torch.Tensor, torch.Tensor]]:
        """(indices of texts, last hidden states [batch, length, dimension], mask of the tokens, mask of the special tokens).

        Texts of similar length share a batch, so that little is computed for padding.
        """
        import torch
        from torch.nn.utils.rnn import pad_sequence

        if not texts:
            return
        tokens = self.tokenizer(list(texts), truncation=True, max_length=self.max_length, return_special_tokens_mask=True)
        order = sorted(range(len(texts)), key=lambda row: len(tokens["input_ids"][row]))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            ids, mask, special = (
                pad_sequence([torch.tensor(tokens[key][row]) for row in rows], batch_first=True, padding_value=fill).to(self.device)
                for key, fill in (("input_ids", self.tokenizer.pad_token_id), ("attention_mask", 0), ("special_tokens_mask", 1))
            )
            with torch.inference_mode(), torch.autocast(ids.device.type, torch.bfloat16, enabled=self.bf16):
                states = self.model(ids, mask).float()
            yield rows, states, mask, special

    def _check(self, texts: Sequence[str], finite: Sequence[bool]) -> None:
        """Raises FloatingPointError for a NaN, which compares false with every score and would look like a perfect ranking."""
        broken = [text for text, is_finite in zip(texts, finite, strict=True) if not is_finite]
        if broken:
            count = f"{len(broken)} of {len(texts)} texts"
            raise FloatingPointError(f"{self.name}: the vector of {broken[0][:80]!r} is not finite ({count}); the model is damaged")
