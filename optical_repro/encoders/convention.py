"""How an encoder reads a text: what sentence-transformers records beside the weights, read and written in one place."""

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
"""To be raised with every change to what a model's folder is read as, or what is written of it."""

POOLING = ("mean", "cls")

POOLING_FILE, PROMPTS_FILE, LENGTH_FILE = "1_Pooling/config.json", "config_sentence_transformers.json", "sentence_bert_config.json"


NAMED: dict[str, dict[str, str]] = {
    r"intfloat/(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?": {"query_prefix": "query: ", "passage_prefix": "passage: "},
    r"BAAI/bge-(small|base|large)-en(-v1\.5)?": {"query_prefix": "Represent this sentence for searching relevant passages: "},
    r"castorini/mdpr-.*": {"pooling": "cls"},
}
"""What the folders of models do not record, by their names on the Hub."""


@dataclass(frozen=True)
class Convention:
    """From token states to the vector of a text. Vectors have length 1, and are compared by their cosine, whatever the model."""

    pooling: str = "mean"
    """``mean`` of the token states, or the first one's: ``cls``."""
    query_prefix: str = ""
    """Stands before a topic: ``query: `` for E5."""
    passage_prefix: str = ""
    """Stands before a passage."""
    max_length: int | None = None
    """In tokens; None leaves it to tokenizer and model."""
    projection: str | None = None
    """The folder, inside the model's, of a linear layer that the token states pass through before they are pooled."""

    @classmethod
    def of(cls, model: Path | str) -> Convention:
        """Reads that of a folder, or of a model of the Hugging Face Hub; raises InputError for what is not supported or is damaged."""
        prompts = (recorded(model, PROMPTS_FILE) or {}).get("prompts") or {}
        if not isinstance(prompts, dict) or not all(isinstance(text, str) for text in prompts.values()):
            raise InputError(f'{model}/{PROMPTS_FILE}: "prompts" is not made of texts; expected {{"query": "...", "document": "..."}}')
        length = (recorded(model, LENGTH_FILE) or {}).get("max_seq_length")
        if length is not None and not (type(length) is int and length > 2):
            raise InputError(f'{model}/{LENGTH_FILE}: "max_seq_length" is {length!r}; expected a number of tokens, or null')
        known, modules = _known(model), _modules(model)
        return cls(
            pooling=_pooling(model, modules) or known.get("pooling", "mean"),
            query_prefix=prompts.get("query") or known.get("query_prefix", ""),
            passage_prefix=prompts.get("document") or prompts.get("passage") or known.get("passage_prefix", ""),
            max_length=length,
            projection=_projection(model, modules),
        )

    def told(self, pooling: str | None, prefixes: tuple[str, str] | None) -> Convention:
        """The same but for what a user knows better (None: nothing)."""
        query, passage = prefixes or (self.query_prefix, self.passage_prefix)
        return replace(self, pooling=pooling or self.pooling, query_prefix=query, passage_prefix=passage)

    def write(self, folder: Path, width: int) -> None:
        """Writes it beside a model whose token states have ``width`` numbers (before the projection, whose own files are there)."""
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


def recorded(model: Path | str, name: str, kind: type = dict) -> Any:
    """The content of a JSON file of a model, an object unless another ``kind`` is named, or None where it has none.

    Raises InputError where it is not that.
    """
    path = file_of(model, name)
    return read_json(path, kind) if path else None


def file_of(model: Path | str, name: str) -> Path | None:
    """A file of a model, in its folder or on the Hub, or None where it has none."""
    from transformers.utils import cached_file

    path = cached_file(str(model), name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False)
    return Path(path) if path else None


def _known(model: Path | str) -> dict[str, str]:
    """What ``NAMED`` has of a model: one on the Hub, or one in the folders where its files from there are kept."""
    kept = next((part for part in Path(model).parts if part.startswith("models--")), None)
    name = kept.removeprefix("models--").replace("--", "/") if kept else str(model)
    return next((known for pattern, known in NAMED.items() if re.fullmatch(pattern, name)), {})


def _modules(model: Path | str) -> dict[str, str]:
    """The layers of which modules.json tells, in their order, each with its folder inside the model's; empty where it tells of none."""
    modules = recorded(model, "modules.json", list) or []
    if not all(isinstance(module, dict) and isinstance(module.get("type"), str) for module in modules):
        raise InputError(f'{model}/modules.json: not a list of layers; expected {{"idx", "name", "path", "type"}} for each')
    found: dict[str, str] = {}
    for module in modules:
        kind, path = module["type"].rsplit(".", 1)[-1], module.get("path", "")
        if kind not in ("Transformer", "Pooling", "Dense", "Normalize"):
            raise InputError(f"{model}/modules.json: the model ends in a {kind} layer; expected an encoder with pooling alone")
        if kind == "Dense" in found:
            raise InputError(f"{model}/modules.json: its Dense layers are more than one linear layer after the pooling")
        if kind in found:
            raise InputError(f"{model}/modules.json: several {kind} layers; expected one")
        if not _is_inside(model, path):
            raise InputError(f"{model}/modules.json: the {kind} layer is in {path!r}; expected a folder inside the model's")
        found[kind] = path
    if found.get("Transformer"):
        raise InputError(f"{model}/modules.json: the weights are in {found['Transformer']}; expected them beside modules.json")
    if not modules and Path(model).is_dir() and (dense := sorted(Path(model).glob("[0-9]_Dense"))):
        raise InputError(f"{model}: no modules.json that tells what {dense[0].name} is for; download the model again")
    return found


def _is_inside(model: Path | str, path: Any) -> bool:
    """Whether a path leads to a folder of the model, and nowhere else; a whole model may be a link, and its files may be."""
    if not isinstance(path, str) or Path(path).is_absolute() or ".." in Path(path).parts or "\\" in path or "\0" in path:
        return False
    folder = Path(model)
    return not folder.is_dir() or (folder / path).resolve().is_relative_to(folder.resolve())


def _pooling(model: Path | str, modules: Mapping[str, str]) -> str | None:
    """``mean`` or ``cls``, from either way in which sentence-transformers has written it; None where it has not."""
    name = f"{modules['Pooling']}/config.json".lstrip("/") if "Pooling" in modules else POOLING_FILE
    found = recorded(model, name)
    if found is None:
        if "Pooling" in modules:
            raise InputError(f"{model}: no {name}, which says how it pools; download the model again")
        return None
    names = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    modes = found.get("pooling_mode") or [names.get(key, key) for key, on in found.items() if key.startswith("pooling_mode_") and on]
    mode = " and ".join(map(str, modes)) if isinstance(modes, list) else modes
    if mode not in POOLING:
        raise InputError(f'{model}/{name}: the pooling is "{mode}"; expected mean or cls')
    return str(mode)


def _projection(model: Path | str, modules: Mapping[str, str]) -> str | None:
    """The folder of the linear layer after the pooling, which is the same as one before it; None without one."""
    if "Dense" not in modules:
        return None
    layer = recorded(model, f"{modules['Dense']}/config.json".lstrip("/")) or {}
    activation = str(layer.get("activation_function")).rsplit(".", 1)[-1]
    if list(modules).index("Dense") != 2 or activation != "Identity" or layer.get("use_residual"):
        raise InputError(f"{model}/modules.json: its Dense layers are more than one linear layer after the pooling ({activation})")
    return modules["Dense"]
