"""How an encoder reads a text: the settings that sentence-transformers keeps beside the weights, read and written here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.files import whole
from .weights import read_json

REVISION = 1
"""Raise it with every change to how a model's folder is read or written."""

POOLING = ("mean", "cls")

POOLING_FILE, PROMPTS_FILE, LENGTH_FILE = "1_Pooling/config.json", "config_sentence_transformers.json", "sentence_bert_config.json"


NAMED: dict[str, dict[str, str]] = {
    r"intfloat/(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?": {"query_prefix": "query: ", "passage_prefix": "passage: "},
    r"BAAI/bge-(small|base|large)-en(-v1\.5)?": {"query_prefix": "Represent this sentence for searching relevant passages: "},
    r"castorini/mdpr-.*": {"pooling": "cls"},
}
"""Settings that models' folders lack, by regular expressions for names on the Hub."""


@dataclass(frozen=True)
class Convention:
    """How token states become the vector of a text. All vectors have length 1 and are compared by cosine."""

    pooling: str = "mean"
    """``mean`` of the token states, or ``cls``: the first one."""
    query_prefix: str = ""
    """Text put before each topic: ``query: `` for E5."""
    passage_prefix: str = ""
    """Text put before each passage."""
    max_length: int | None = None
    """The most tokens of a text; None: the limit of tokenizer and model."""
    projection: str | None = None
    """The folder, inside the model's, of a linear layer between token states and pooling."""

    @classmethod
    def of(cls, model: Path | str) -> Convention:
        """Reads the convention of a folder or of a model on the Hugging Face Hub; raises InputError if it is unsupported or damaged."""
        prompts = (read_model_json(model, PROMPTS_FILE) or {}).get("prompts") or {}
        if not isinstance(prompts, dict) or not all(isinstance(text, str) for text in prompts.values()):
            raise InputError(f'{model}/{PROMPTS_FILE}: "prompts" is not made of texts; expected {{"query": "...", "document": "..."}}')
        length = (read_model_json(model, LENGTH_FILE) or {}).get("max_seq_length")
        if length is not None and not (type(length) is int and length > 2):
            raise InputError(f'{model}/{LENGTH_FILE}: "max_seq_length" is {length!r}; expected a number of tokens, or null')
        settings, modules = _named_settings(model), _modules(model)
        return cls(
            pooling=_pooling(model, modules) or settings.get("pooling", "mean"),
            query_prefix=prompts.get("query") or settings.get("query_prefix", ""),
            passage_prefix=prompts.get("document") or prompts.get("passage") or settings.get("passage_prefix", ""),
            max_length=length,
            projection=_projection(model, modules),
        )

    def with_options(self, pooling: str | None, prefixes: tuple[str, str] | None) -> Convention:
        """The same convention with the pooling and the prefixes that a user sets; None keeps them."""
        query, passage = prefixes or (self.query_prefix, self.passage_prefix)
        return replace(self, pooling=pooling or self.pooling, query_prefix=query, passage_prefix=passage)

    def write(self, folder: Path, width: int) -> None:
        """Writes the convention beside a model with token states of ``width`` numbers, before the projection, whose files must be there."""
        steps = [("", "Transformer"), ("1_Pooling", "Pooling"), *([(self.projection, "Dense")] if self.projection else [])]
        steps.append((f"{len(steps)}_Normalize", "Normalize"))
        modules = [
            {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for place, (path, kind) in enumerate(steps)
        ]
        modes = {f"pooling_mode_{name}": self.pooling == short for name, short in (("mean_tokens", "mean"), ("cls_token", "cls"))}
        parts: dict[str, Any] = {
            "modules.json": modules,
            LENGTH_FILE: {"max_seq_length": self.max_length, "do_lower_case": False},
            POOLING_FILE: {"word_embedding_dimension": width, **modes},
        }
        if self.query_prefix or self.passage_prefix:
            parts[PROMPTS_FILE] = {"prompts": {"query": self.query_prefix, "document": self.passage_prefix}}
        for name, content in parts.items():
            with whole(folder / name) as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
        (folder / steps[-1][0]).mkdir(exist_ok=True)


def read_model_json(model: Path | str, name: str, kind: type = dict) -> Any:
    """The content of a JSON file of a model, an object or another ``kind``; None if the model has no such file.

    Raises InputError if the content is of another type.
    """
    path = file_of(model, name)
    return read_json(path, kind) if path else None


def file_of(model: Path | str, name: str) -> Path | None:
    """A file of a model, in its folder or on the Hub; None if it has no such file."""
    from transformers.utils import cached_file

    path = cached_file(str(model), name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False)
    return Path(path) if path else None


def _named_settings(model: Path | str) -> dict[str, str]:
    """The settings in ``NAMED`` of a model on the Hub, or in the Hub's cache folder."""
    cache_name = next((part for part in Path(model).parts if part.startswith("models--")), None)
    name = cache_name.removeprefix("models--").replace("--", "/") if cache_name else str(model)
    return next((settings for pattern, settings in NAMED.items() if re.fullmatch(pattern, name)), {})


def _modules(model: Path | str) -> dict[str, str]:
    """The layers in modules.json, in order, each with its folder inside the model's; empty without modules.json."""
    modules = read_model_json(model, "modules.json", list) or []
    if not all(isinstance(module, dict) and isinstance(module.get("type"), str) for module in modules):
        raise InputError(f'{model}/modules.json: not a list of layers; expected {{"idx", "name", "path", "type"}} for each')
    folders: dict[str, str] = {}
    for module in modules:
        kind, path = module["type"].rsplit(".", 1)[-1], module.get("path", "")
        if kind not in ("Transformer", "Pooling", "Dense", "Normalize"):
            raise InputError(f"{model}/modules.json: the model ends in a {kind} layer; expected an encoder with pooling alone")
        if kind == "Dense" in folders:
            raise InputError(f"{model}/modules.json: its Dense layers are more than one linear layer after the pooling")
        if kind in folders:
            raise InputError(f"{model}/modules.json: several {kind} layers; expected one")
        if not _is_inside(model, path):
            raise InputError(f"{model}/modules.json: the {kind} layer is in {path!r}; expected a folder inside the model's")
        folders[kind] = path
    if folders.get("Transformer"):
        raise InputError(f"{model}/modules.json: the weights are in {folders['Transformer']}; expected them beside modules.json")
    if not modules and Path(model).is_dir() and (dense := sorted(Path(model).glob("[0-9]_Dense"))):
        raise InputError(f"{model}: no modules.json that tells what {dense[0].name} is for; download the model again")
    return folders


def _is_inside(model: Path | str, path: Any) -> bool:
    """Whether a path stays inside the model's folder; the model and its files may be links."""
    if not isinstance(path, str) or Path(path).is_absolute() or ".." in Path(path).parts or "\\" in path or "\0" in path:
        return False
    folder = Path(model)
    return not folder.is_dir() or (folder / path).resolve().is_relative_to(folder.resolve())


def _pooling(model: Path | str, modules: Mapping[str, str]) -> str | None:
    """``mean`` or ``cls``, from either format of sentence-transformers; None without one."""
    name = f"{modules['Pooling']}/config.json".lstrip("/") if "Pooling" in modules else POOLING_FILE
    config = read_model_json(model, name)
    if config is None:
        if "Pooling" in modules:
            raise InputError(f"{model}: no {name}, which says how it pools; download the model again")
        return None
    names = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    modes = config.get("pooling_mode") or [names.get(key, key) for key, on in config.items() if key.startswith("pooling_mode_") and on]
    mode = " and ".join(map(str, modes)) if isinstance(modes, list) else modes
    if mode not in POOLING:
        raise InputError(f'{model}/{name}: the pooling is "{mode}"; expected mean or cls')
    return str(mode)


def _projection(model: Path | str, modules: Mapping[str, str]) -> str | None:
    """The folder of the linear layer after the pooling, which equals one before it; None without one."""
    if "Dense" not in modules:
        return None
    layer = read_model_json(model, f"{modules['Dense']}/config.json".lstrip("/")) or {}
    activation = str(layer.get("activation_function")).rsplit(".", 1)[-1]
    if list(modules).index("Dense") != 2 or activation != "Identity" or layer.get("use_residual"):
        raise InputError(f"{model}/modules.json: its Dense layers are more than one linear layer after the pooling ({activation})")
    return modules["Dense"]
