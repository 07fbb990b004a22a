"""Checks of a model's weights: files complete, every weight present, of the right shape, and finite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import files
from ..base.errors import InputError
from ..base.terminal import hush_transformers

if TYPE_CHECKING:
    from torch import nn

POINTER = b"version https://git-lfs.github.com/spec/"
"""The first bytes of Git's placeholder for a file that Git LFS has not downloaded."""

UNREAD = re.compile(r"(^|[._])pooler\.|position_ids$|inv_freq$|embed_positions\.weights?$|masked_bias$|(^|\.)version$")
"""Weights that may be missing or extra: poolers, which do not affect token states, and tables of constants."""

TOLD = 3
"""The most weights named in an error."""


def check_file(path: Path) -> None:
    """Raises InputError for a file that is empty or a Git LFS pointer, and for incomplete JSON or safetensors."""
    try:
        with path.open("rb") as file:
            start = file.read(len(POINTER))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None
    if not start:
        raise InputError(f"{path}: an empty file; download the model again")
    if start == POINTER:
        raise InputError(f"{path}: a pointer of Git LFS in place of the file; run git lfs pull, or download the model again")
    if path.name == "vocab.json":
        wrong = next((token for token, place in read_json(path, dict).items() if type(place) is not int or place < 0), None)
        if wrong is not None:
            raise InputError(f'{path}: the token "{wrong}" has no number; download the model again')
    elif path.suffix == ".json":
        read_json(path)
    elif path.suffix == ".safetensors":
        _check_safetensors(path)


def check_files(folder: Path) -> None:
    """The same for every JSON, safetensors and tokenizer file of a model's folder."""
    for pattern in ("*.json", "*.safetensors", "vocab.txt", "merges.txt", "*.model", "*.spm", "model.bin"):
        for path in sorted(folder.glob(pattern)):
            check_file(path)


def read_json(path: Path, kind: type = object) -> Any:
    """The content of a JSON file of a model; raises InputError if it is broken or not of type ``kind``."""
    content = files.read_json(path, f"a model's {path.name} (download the model again)")
    if not isinstance(content, kind):
        raise InputError(f"{path}: its JSON is no {'list' if kind is list else 'object'}; expected a model's {path.name}")
    return content


def _check_safetensors(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: no safetensors file that loads ({first_line(error)}); download the model again") from None


def load(kind: Any, model: Path | str, what: str, **options: Any) -> nn.Module:
    """Loads a model with one of transformers' auto classes; ``what`` it should be, for errors.

    Neither pickles nor the model's own code are loaded. Raises InputError, naming weights, if one is missing in the
    files, has another shape or is not finite, and if the files have weights of layers that the configuration lacks.
    """
    if Path(model).is_dir():
        check_files(Path(model))
    hush_transformers()
    with readable(model, what):
        options |= {"use_safetensors": True, "trust_remote_code": False, "output_loading_info": True, "ignore_mismatched_sizes": True}
        loaded_model, info = kind.from_pretrained(str(model), **options)
    _check_weights(loaded_model, info, model)
    return loaded_model


@contextmanager
def readable(model: Path | str, what: str) -> Iterator[None]:
    """Turns all exceptions of libraries into InputError: they check little, so a damaged model may raise anything."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"{model}: not {what} that loads ({first_line(error)})") from error


def first_line(error: Exception) -> str:
    """The first line of an exception's message; its class name if the message is empty."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]


def _check_weights(loaded_model: Any, info: dict[str, Any], model: Path | str) -> None:
    """Checks a model by the loading info of transformers."""
    missing = sorted(name for name in info["missing_keys"] if not UNREAD.search(name))
    # Heads are separate modules; a weight inside one of the model's modules is of a layer that it should have.
    modules = tuple(f"{name}." for module in (loaded_model, loaded_model.base_model) for name, _ in module.named_children())
    prefix = f"{loaded_model.base_model_prefix}."
    inside = [name for name in info["unexpected_keys"] if name.startswith(modules) or name.removeprefix(prefix).startswith(modules)]
    unexpected = sorted(name for name in inside if not UNREAD.search(name))
    if missing:
        has = sorted(info["unexpected_keys"])
        instead = f", which {'have' if len(has) > 1 else 'has'} instead {_list_names(has)}" if has else ""
        raise InputError(
            f"{model}: its weights lack {_list_names(missing)}{instead}; expected all weights of the model that config.json tells"
        )
    if info["mismatched_keys"]:
        name, has, wanted = sorted(info["mismatched_keys"])[0]
        shapes = f"{name} is {list(has)} in its weights and {list(wanted)} by config.json"
        more = len(info["mismatched_keys"]) - 1
        raise InputError(f"{model}: {shapes}{f' (and {more} more differ)' if more else ''}; expected weights of the same model")
    if unexpected:
        raise InputError(
            f"{model}: its weights have {_list_names(unexpected)}, which config.json has no place for; expected those of one model"
        )
    check_finite(loaded_model, model)


def check_vocabulary(tokenizer: Any, loaded_model: Any, model: Path | str) -> None:
    """Raises InputError if a tokenizer has tokens without embeddings in the model."""
    rows, last = len(loaded_model.get_input_embeddings().weight), max(tokenizer.get_vocab().values())
    if last >= rows:
        raise InputError(f"{model}: its tokenizer has tokens up to number {last}, its weights embeddings of {rows}; expected one model's")


def check_finite(module: nn.Module, model: Path | str) -> None:
    """Raises InputError if a weight is not finite."""
    import torch

    def is_finite(weight: torch.Tensor) -> bool:
        # By its least and greatest value, which are not numbers if one is not: nine times as fast as torch.isfinite of each.
        return not weight.numel() or bool(torch.stack(weight.aminmax()).isfinite().all())

    broken = sorted(name for name, weight in module.state_dict().items() if weight.is_floating_point() and not is_finite(weight))
    if broken:
        raise InputError(f"{model}: its weights {_list_names(broken)} hold numbers that are not finite; the model is damaged: get it again")


def _list_names(names: list[str]) -> str:
    more = len(names) - TOLD
    return ", ".join(names[:TOLD]) + (f" and {more} more" if more > 0 else "")
