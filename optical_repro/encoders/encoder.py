"""A Hugging Face encoder as retrieval and distillation use it: its token states, projected where its folder has a projection."""

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
"""To be raised with every change to the token states, or the pooling, of the same model and text."""

ENCODER = "a Hugging Face encoder"
"""What is expected, in errors."""


class Encoder(nn.Module):
    """A transformer, its convention, and a linear layer or none: calling it gives token states, [batch, tokens, ``dimension``]."""

    def __init__(self, transformer: Any, convention: Convention, projection: nn.Linear | None = None) -> None:
        super().__init__()
        self.transformer, self.convention, self.projection = transformer, convention, projection

    @classmethod
    def load(cls, model: Path | str) -> Encoder:
        """From a folder or the Hub, in 32-bit; raises InputError for what is no encoder or has weights that do not fit (`weights.load`)."""
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
    """The tokenizer of an encoder, without settings of padding that its file may carry.

    Raises InputError where there is none, or none that knows a word of English or how to pad.
    """
    from transformers import AutoTokenizer

    with weights.readable(model, ENCODER):
        tokenizer = AutoTokenizer.from_pretrained(str(model), trust_remote_code=False)
        tokenizer.backend_tokenizer.no_padding()
        read = set(tokenizer(COMMON, add_special_tokens=False)["input_ids"])
        made = tokenizer.backend_tokenizer.to_str()
    file = Path(model) / "tokenizer.json"
    if file.is_file() and not file.with_name("tokenizer_config.json").is_file() and not is_recorded(made, file):
        raise InputError(
            f"{model}: no tokenizer_config.json, and without it its tokenizer.json is read otherwise; download the model again"
        )
    if read <= {tokenizer.unk_token_id}:
        raise InputError(f'{model}: its tokenizer knows none of the words "{COMMON}"; expected the files of its tokenizer, whole')
    if tokenizer.pad_token_id is None:
        raise InputError(f"{model}: its tokenizer has no padding token; expected one in tokenizer_config.json")
    return tokenizer


def is_recorded(made: str, file: Path) -> bool:
    """Whether the tokenizer that transformers made, as JSON, is the one in a tokenizer.json, but for padding and truncation."""
    alone = {"truncation": None, "padding": None}
    return file.is_file() and bool(json.loads(made) | alone == weights.read_json(file, dict) | alone)


COMMON = "the of and in a"
"""Words that every tokenizer knows, in one piece or several."""


def check(model: Path | str) -> tuple[Encoder, Any]:
    """Loads an encoder and its tokenizer, and reads a text; raises InputError for what is damaged or does not fit together."""
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
    """The positions that it has embeddings for; RoBERTa's kin begin to count after the padding's."""
    embeddings = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    before = getattr(embeddings, "padding_idx", None)
    return int(getattr(transformer.config, "max_position_embeddings", 512)) - (0 if before is None else before + 1)


def _projection(model: Path | str, folder: str) -> nn.Linear:
    from safetensors.torch import load_file

    path = file_of(model, f"{folder}/model.safetensors")
    if path is None:
        raise InputError(f"{model}: no {folder}/model.safetensors, the weights of its Dense layer; a pickle is not read")
    weights.check_file(path)
    found = load_file(path)
    if not {"linear.weight"} <= found.keys() <= {"linear.weight", "linear.bias"} or found["linear.weight"].ndim != 2:
        names = ", ".join(sorted(found)[: weights.TOLD]) or "nothing"
        raise InputError(f"{path}: its weights are {names}; expected linear.weight, and linear.bias or none, of one linear layer")
    height, width = found["linear.weight"].shape
    layer = nn.Linear(width, height, bias="linear.bias" in found)
    if "linear.bias" in found and found["linear.bias"].shape != (height,):
        raise InputError(f"{path}: linear.bias is {list(found['linear.bias'].shape)}; expected [{height}], as linear.weight has rows")
    layer.load_state_dict({name.removeprefix("linear."): weight for name, weight in found.items()})
    weights.check_finite(layer, path)
    return layer
