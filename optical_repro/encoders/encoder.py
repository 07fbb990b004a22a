"""A Hugging Face encoder for retrieval and distillation: its token states, after the projection if it has one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..base.errors import InputError
from . import weights
from .convention import Convention, file_of

REVISION = 1
"""Raise it with every change to the token states, or the pooling, of the same model and text."""

ENCODER = "a Hugging Face encoder"
"""The expected model, in errors."""


class Encoder(nn.Module):
    """A transformer, its convention and an optional linear layer; calling it gives token states, [batch, tokens, ``dimension``]."""

    def __init__(self, transformer: Any, convention: Convention, projection: nn.Linear | None = None) -> None:
        super().__init__()
        self.transformer, self.convention, self.projection = transformer, convention, projection

    @classmethod
    def load(cls, model: Path | str) -> Encoder:
        """Loads a folder or a model on the Hub, in 32-bit; raises InputError if it is no encoder or has wrong weights (`weights.load`)."""
        from transformers import AutoModel

        transformer: Any = weights.load(AutoModel, model, ENCODER, dtype=torch.float32)
        if transformer.config.is_encoder_decoder:
            raise InputError(f"{model}: a {transformer.config.model_type} model has a decoder; expected an encoder alone")
        convention = Convention.of(model)
        projection = _projection(model, convention.projection) if convention.projection else None
        if projection is not None and projection.in_features != transformer.config.hidden_size:
            sizes = f"{projection.in_features} numbers, its token states have {transformer.config.hidden_size}"
            raise InputError(f"{model}/{convention.projection}: the Dense layer takes vectors of {sizes}; expected layers of one model")
        return cls(transformer, convention, projection)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Token states for token ids and mask, both [batch, tokens]."""
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states if self.projection is None else self.projection(states)

    @property
    def dimension(self) -> int:
        """The number of values in a token state."""
        return int(self.projection.out_features if self.projection is not None else self.transformer.config.hidden_size)

    def longest(self, tokenizer: Any) -> int:
        """The most tokens read of a text, special ones included."""
        return min(self.convention.max_length or tokenizer.model_max_length, _positions(self.transformer))


def load_tokenizer(model: Path | str) -> Any:
    """The tokenizer of an encoder, without the padding settings in its file.

    Raises InputError if there is none, or it has no padding token or no English word.
    """
    from transformers import AutoTokenizer

    with weights.readable(model, ENCODER):
        tokenizer = AutoTokenizer.from_pretrained(str(model), trust_remote_code=False)
        tokenizer.backend_tokenizer.no_padding()
        ids = set(tokenizer(COMMON, add_special_tokens=False)["input_ids"])
        content = tokenizer.backend_tokenizer.to_str()
    file = Path(model) / "tokenizer.json"
    if file.is_file() and not file.with_name("tokenizer_config.json").is_file() and not is_same_tokenizer(content, file):
        raise InputError(
            f"{model}: no tokenizer_config.json, and without it its tokenizer.json is read otherwise; download the model again"
        )
    if ids <= {tokenizer.unk_token_id}:
        raise InputError(f'{model}: its tokenizer knows none of the words "{COMMON}"; expected the files of its tokenizer, whole')
    if tokenizer.pad_token_id is None:
        raise InputError(f"{model}: its tokenizer has no padding token; expected one in tokenizer_config.json")
    return tokenizer


def is_same_tokenizer(content: str, file: Path) -> bool:
    """Whether a tokenizer of transformers, as JSON, equals the one in a tokenizer.json, except for padding and truncation."""
    unset = {"truncation": None, "padding": None}
    return file.is_file() and bool(json.loads(content) | unset == weights.read_json(file, dict) | unset)


COMMON = "the of and in a"
"""Words that every tokenizer knows, whole or in pieces."""


def check(model: Path | str) -> tuple[Encoder, Any]:
    """Loads an encoder and its tokenizer, and encodes a text; raises InputError if they are damaged or do not fit together."""
    encoder, tokenizer = Encoder.load(model).eval(), load_tokenizer(model)
    weights.check_vocabulary(tokenizer, encoder.transformer, model)
    with weights.readable(model, ENCODER), torch.inference_mode():
        inputs = tokenizer(COMMON, return_tensors="pt", truncation=True, max_length=encoder.longest(tokenizer))
        states = encoder(inputs["input_ids"], inputs["attention_mask"])
    if not torch.isfinite(states).all():
        raise InputError(f"{model}: what it makes of a text is not finite; the model is damaged: get it again")
    return encoder, tokenizer


def pool(states: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """The vectors of texts, of length 1: token states [batch, tokens, d] and their mask [batch, tokens] to [batch, d]."""
    states = states.float()
    mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    return nn.functional.normalize(states[:, 0] if pooling == "cls" else mean, dim=-1)


def _positions(transformer: Any) -> int:
    """The number of positions with embeddings; RoBERTa and its kin count from after the padding's."""
    embeddings = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)
    return int(getattr(transformer.config, "max_position_embeddings", 512)) - (0 if padding is None else padding + 1)


def _projection(model: Path | str, folder: str) -> nn.Linear:
    from safetensors.torch import load_file

    path = file_of(model, f"{folder}/model.safetensors")
    if path is None:
        raise InputError(f"{model}: no {folder}/model.safetensors, the weights of its Dense layer; a pickle is not read")
    weights.check_file(path)
    tensors = load_file(path)
    if not {"linear.weight"} <= tensors.keys() <= {"linear.weight", "linear.bias"} or tensors["linear.weight"].ndim != 2:
        names = ", ".join(sorted(tensors)[: weights.TOLD]) or "nothing"
        raise InputError(f"{path}: its weights are {names}; expected linear.weight, and linear.bias or none, of one linear layer")
    height, width = tensors["linear.weight"].shape
    layer = nn.Linear(width, height, bias="linear.bias" in tensors)
    if "linear.bias" in tensors and tensors["linear.bias"].shape != (height,):
        raise InputError(f"{path}: linear.bias is {list(tensors['linear.bias'].shape)}; expected [{height}], as linear.weight has rows")
    layer.load_state_dict({name.removeprefix("linear."): weight for name, weight in tensors.items()})
    weights.check_finite(layer, path)
    return layer
