"""Weights as they lie in a model's folder: whole files, and every weight that is read there, of its shape, and finite."""

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
"""What the placeholder begins with that Git leaves where Git LFS did not fetch the file."""

UNREAD = re.compile(r"(^|[._])pooler\.|position_ids$|inv_freq$|embed_positions\.weights?$|masked_bias$|(^|\.)version$")
"""Weights that may be missing or be there beside what is read: poolers, which no token state passes through, and tables of constants."""

TOLD = 3
"""Weights that an error names, at the most."""


def check_file(path: Path) -> None:
    """Raises InputError for a file that is empty or a Git LFS pointer, and for JSON or safetensors that are not whole."""
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
    """The same for every file of a model's folder that is JSON or safetensors, or that a tokenizer is made of."""
    for pattern in ("*.json", "*.safetensors", "vocab.txt", "merges.txt", "*.model", "*.spm", "model.bin"):
        for path in sorted(folder.glob(pattern)):
            check_file(path)


def read_json(path: Path, kind: type = object) -> Any:
    """The content of a JSON file of a model; raises InputError where it is broken, or not of the kind that is expected."""
    found = files.read_json(path, f"a model's {path.name} (download the model again)")
    if not isinstance(found, kind):
        raise InputError(f"{path}: its JSON is no {'list' if kind is list else 'object'}; expected a model's {path.name}")
    return found


def _check_safetensors(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: no safetensors file that loads ({first_line(error)}); download the model again") from None


def load(kind: Any, model: Path | str, what: str, **options: Any) -> nn.Module:
    """A model, by one of transformers' automatic classes; ``what`` it should be, in words.

    No pickle and no code of the model's own is read. Raises InputError, naming weights, where one that is read is missing in its
    files, has another shape there or is not finite, and where its files hold weights of layers that its configuration has not.
    """
    if Path(model).is_dir():
        check_files(Path(model))
    hush_transformers()
    with readable(model, what):
        options |= {"use_safetensors": True, "trust_remote_code": False, "output_loading_info": True, "ignore_mismatched_sizes": True}
        made, found = kind.from_pretrained(str(model), **options)
    _check_weights(made, found, model)
    return made


@contextmanager
def readable(model: Path | str, what: str) -> Iterator[None]:
    """Whatever libraries raise for a model that is damaged (they check little, so that it may be anything) as InputError."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"{model}: not {what} that loads ({first_line(error)})") from error


def first_line(error: Exception) -> str:
    """What an exception says, as far as the end of its first line; its name where it says nothing."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]


def _check_weights(made: Any, found: dict[str, Any], model: Path | str) -> None:
    """Compares a model with what transformers tells of its loading."""
    missing = sorted(name for name in found["missing_keys"] if not UNREAD.search(name))
    # Heads are modules of their own; what lies in a module that the model has is of a layer that it should have.
    modules = tuple(f"{name}." for module in (made, made.base_model) for name, _ in module.named_children())
    prefix = f"{made.base_model_prefix}."
    inside = [name for name in found["unexpected_keys"] if name.startswith(modules) or name.removeprefix(prefix).startswith(modules)]
    unexpected = sorted(name for name in inside if not UNREAD.search(name))
    if missing:
        has = sorted(found["unexpected_keys"])
        instead = f", which {'have' if len(has) > 1 else 'has'} instead {_named(has)}" if has else ""
        raise InputError(f"{model}: its weights lack {_named(missing)}{instead}; expected all weights of the model that config.json tells")
    if found["mismatched_keys"]:
        name, has, wanted = sorted(found["mismatched_keys"])[0]
        shapes = f"{name} is {list(has)} in its weights and {list(wanted)} by config.json"
        more = len(found["mismatched_keys"]) - 1
        raise InputError(f"{model}: {shapes}{f' (and {more} more differ)' if more else ''}; expected weights of the same model")
    if unexpected:
        raise InputError(f"{model}: its weights have {_named(unexpected)}, which config.json has no place for; expected those of one model")
    check_finite(made, model)


def check_vocabulary(tokenizer: Any, made: Any, model: Path | str) -> None:
    """Raises InputError where a tokenizer has tokens that a model has no embeddings of."""
    rows, last = len(made.get_input_embeddings().weight), max(tokenizer.get_vocab().values())
    if last >= rows:
        raise InputError(f"{model}: its tokenizer has tokens up to number {last}, its weights embeddings of {rows}; expected one model's")


def check_finite(module: nn.Module, model: Path | str) -> None:
    """Raises InputError where a weight is no finite number."""
    import torch

    broken = sorted(name for name, weight in module.state_dict().items() if weight.is_floating_point() and not torch.isfinite(weight).all())
    if broken:
        raise InputError(f"{model}: its weights {_named(broken)} hold numbers that are not finite; the model is damaged: get it again")


def _named(names: list[str]) -> str:
    more = len(names) - TOLD
    return ", ".join(names[:TOLD]) + (f" and {more} more" if more > 0 else "")
