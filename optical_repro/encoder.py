"""A Hugging Face encoder as retrieval and distillation use it: its token states, projected where its folder has a projection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .convention import Convention, file_of
from .errors import InputError

REVISION = 1
"""To be raised with every change to the token states, or the pooling, of the same model and text."""


class Encoder(nn.Module):
    """A transformer, its convention, and a linear layer or none: calling it gives token states, [batch, tokens, ``dimension``]."""

    def __init__(self, transformer: Any, convention: Convention, projection: nn.Linear | None = None) -> None:
        super().__init__()
        self.transformer, self.convention, self.projection = transformer, convention, projection

    @classmethod
    def load(cls, model: Path | str) -> Encoder:
        """From a folder or the Hub, in 32-bit; raises InputError for what is no encoder."""
        from transformers import AutoModel

        try:
            transformer = AutoModel.from_pretrained(str(model), dtype=torch.float32, use_safetensors=True, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise _unloadable(model, error) from error
        if transformer.config.is_encoder_decoder:
            raise InputError(f"{model}: a {transformer.config.model_type} model has a decoder; expected an encoder alone")
        convention = Convention.of(model)
        return cls(transformer, convention, _projection(model, convention.projection) if convention.projection else None)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Token states for token ids and their mask, both [batch, tokens]."""
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states if self.projection is None else self.projection(states)

    @property
    def dimension(self) -> int:
        """Numbers in a token state."""
        return int(self.projection.out_features if self.projection is not None else self.transformer.config.hidden_size)

    def longest(self, tokenizer: Any) -> int:
        """Tokens that it reads of a text, the special ones included."""
        return min(self.convention.max_length or tokenizer.model_max_length, _positions(self.transformer))


def load_tokenizer(model: Path | str) -> Any:
    """The tokenizer of an encoder, without settings of padding that its file may carry; raises InputError where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(model), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _unloadable(model, error) from error
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def pool(states: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """The vectors of texts, of length 1: token states [batch, tokens, d] and their mask [batch, tokens] to [batch, d]."""
    states = states.float()
    mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    return nn.functional.normalize(states[:, 0] if pooling == "cls" else mean, dim=-1)


def _positions(transformer: Any) -> int:
    """The positions that it has embeddings for; RoBERTa's kin begin to count after the padding's."""
    embeddings = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    before = getattr(embeddings, "padding_idx", None)
    return int(getattr(transformer.config, "max_position_embeddings", 512)) - (0 if before is None else before + 1)


def _projection(model: Path | str, folder: str) -> nn.Linear:
    from safetensors.torch import load_file

    path = file_of(model, f"{folder}/model.safetensors")
    if path is None:
        raise InputError(f"{model}: no {folder}/model.safetensors, the weights of its Dense layer; a pickle is not read")
    weights = load_file(path)
    width, height = weights["linear.weight"].shape
    layer = nn.Linear(height, width, bias="linear.bias" in weights)
    layer.load_state_dict({name.removeprefix("linear."): weight for name, weight in weights.items()})
    return layer


def _unloadable(model: Path | str, error: Exception) -> InputError:
    return InputError(f"{model}: not a Hugging Face encoder that loads ({str(error).splitlines()[0]})")
