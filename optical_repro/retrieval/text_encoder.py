"""Texts to vectors with a Hugging Face encoder folder, as sentence-transformers would make them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .quiet import quiet

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Settings:
    """What a model folder records beside its weights, in the files that sentence-transformers writes."""

    pooling: str
    """``mean`` or ``cls``."""
    max_length: int | None
    """In tokens; None leaves it to the tokenizer."""
    query_prefix: str
    document_prefix: str

    @classmethod
    def of(cls, model: Path | str) -> Settings:
        """Reads them from a folder, or from a model of the Hugging Face hub; raises InputError for what is not supported."""
        for module in _json(model, "modules.json") or []:
            kind = module["type"].rsplit(".", 1)[-1]
            if kind not in ("Transformer", "Pooling", "Normalize"):
                raise InputError(f"{model}/modules.json: the model ends in a {kind} layer; expected an encoder with pooling alone")
        prompts = (_json(model, "config_sentence_transformers.json") or {}).get("prompts") or {}
        return cls(
            pooling=_pooling(model),
            max_length=(_json(model, "sentence_bert_config.json") or {}).get("max_seq_length"),
            query_prefix=prompts.get("query") or "",
            document_prefix=prompts.get("document") or prompts.get("passage") or "",
        )


def _pooling(model: Path | str) -> str:
    """``mean`` or ``cls``, from either way in which sentence-transformers has written it."""
    recorded = _json(model, "1_Pooling/config.json") or {"pooling_mode": "mean"}
    names = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    modes = recorded.get("pooling_mode") or [names.get(key, key) for key, on in recorded.items() if key.startswith("pooling_mode_") and on]
    mode = modes if isinstance(modes, str) else " and ".join(modes)
    if mode not in ("mean", "cls"):
        raise InputError(f'{model}/1_Pooling/config.json: the pooling is "{mode}"; expected mean or cls')
    return mode


def _json(model: Path | str, name: str) -> Any:
    """A JSON file of the model, or None where it has none."""
    from transformers.utils import cached_file

    path = cached_file(str(model), name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False)
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else None


class TextEncoder:
    """A frozen encoder: ``encode`` gives one unit vector a text, ``encode_tokens`` one a token.

    >>> TextEncoder("model").encode(["Ẹ káàárọ̀", "Good morning"]).shape
    (2, 384)
    """

    def __init__(self, model: Path | str, device: str = "cpu") -> None:
        """Loads a model in 32-bit; raises InputError where there is none."""
        with quiet():
            import torch
            from transformers import AutoModel, AutoTokenizer

            if Path(model).exists() and not (Path(model) / "config.json").exists():
                raise InputError(f"{model}: no config.json in it; expected the folder of a Hugging Face encoder")
            try:
                self.model = AutoModel.from_pretrained(str(model), dtype=torch.float32).to(device).eval()
                self.tokenizer = AutoTokenizer.from_pretrained(str(model))
            except (OSError, ValueError) as error:
                raise InputError(f"{model}: not a Hugging Face encoder that loads ({str(error).splitlines()[0]})") from error
        self.name = str(model)
        self.device = device
        self.settings = Settings.of(model)
        longest = getattr(self.model.config, "max_position_embeddings", 512)
        self.max_length: int = self.settings.max_length or min(self.tokenizer.model_max_length, longest)
        self.dimension: int = self.model.config.hidden_size
        self.batch_size = 16 if device == "cpu" else 256  # 16 stays in a processor's cache: twice as fast as 64

    def encode(self, texts: Sequence[str], batch_size: int | None = None) -> np.ndarray:
        """Unit vectors, float32 [texts, dimension], in the texts' order; raises FloatingPointError where one is not finite."""
        import torch

        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows, states, mask, _ in self._batches(texts, batch_size or self.batch_size):
            mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
            pooled = states[:, 0] if self.settings.pooling == "cls" else mean
            vectors[rows] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        self._check(texts, [bool(np.isfinite(vector).all()) for vector in vectors])
        return vectors

    def encode_tokens(self, texts: Sequence[str], batch_size: int | None = None) -> list[np.ndarray]:
        """For each text the unit vectors of its tokens, float32 [tokens, dimension]; raises FloatingPointError where one is not finite.

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

        Texts of like length come together, so that little is computed for padding.
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
            with torch.inference_mode():
                yield rows, self.model(input_ids=ids, attention_mask=mask).last_hidden_state, mask, special

    def _check(self, texts: Sequence[str], finite: Sequence[bool]) -> None:
        """A NaN compares false with every score and would look like a perfect ranking, so it ends here."""
        broken = [text for text, good in zip(texts, finite, strict=True) if not good]
        if broken:
            count = f"{len(broken)} of {len(texts)} texts"
            raise FloatingPointError(f"{self.name}: the vector of {broken[0][:80]!r} is not finite ({count}); the model is damaged")
