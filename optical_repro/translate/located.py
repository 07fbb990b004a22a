"""Finds translation models in a folder or on the Hugging Face Hub; no pickles, no code."""

from __future__ import annotations

from pathlib import Path

from ..base.errors import InputError, unknown
from ..encoders.models import fetch
from ..encoders.weights import read_json
from .translator import MODEL

NEEDED = ("*.json", "*.safetensors", "*.spm", "*.model", "model.bin", "*_vocabulary.txt")
"""The files of a translation model; model.bin and the vocabularies are CTranslate2's."""

TOKENIZERS = ("tokenizer.json", "source.spm", "sentencepiece.bpe.model", "spiece.model")
"""Every tokenizer has one of these."""

CONVERTER = "SFconvertbot"
"""The Hub's own account that offers, as pull requests, the safetensors of models that were published as pickles."""


def locate(name: str) -> Path:
    """The folder of a translation model, fetched once if it is on the Hub; ``NAME@REVISION`` is a branch, tag or pull request of it.

    Raises InputError if it is missing, is no translation model, or is a pickle, which may run code when it is loaded.
    """
    folder = Path(name)
    if not folder.is_dir():
        if "/" not in name:
            from .engines import ENGINES

            names = [engine for engine in ENGINES if engine != MODEL]
            raise unknown("translator", name, names, "(or a folder, or OWNER/NAME on the Hugging Face Hub)")
        name, _, revision = name.partition("@")
        folder = fetch(name, NEEDED, revision or None)
        if not _has_weights(folder):
            folder = _fetch_converted(name, folder) or folder
    _check(folder, name)
    return folder


def is_converted(folder: Path) -> bool:
    """Whether a folder contains a model for CTranslate2."""
    return (folder / "model.bin").is_file() and not any(folder.glob("*.safetensors"))


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors")) or is_converted(folder)


def _check(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file():
        raise InputError(f"{name}: no config.json; expected a translation model of Hugging Face's transformers or of CTranslate2")
    if not _has_weights(folder):
        remedy = f"make one: ct2-transformers-converter --model {name} --output_dir FOLDER --copy_files (the tokenizer's files)"
        raise InputError(f"{name}: no *.safetensors (pickles may run code and are not read), and no CTranslate2 model.bin; {remedy}")
    if not any((folder / file).is_file() for file in TOKENIZERS):
        remedy = "copy the tokenizer's files into it" + (" (ct2-transformers-converter --copy_files)" if is_converted(folder) else "")
        raise InputError(f"{name}: no tokenizer ({', '.join(TOKENIZERS)}); {remedy}")
    config = read_json(folder / "config.json", dict)
    if not is_converted(folder) and not config.get("is_encoder_decoder"):
        kind = config.get("model_type", "model")
        raise InputError(f"{name}: a {kind}, which does not translate; expected NLLB-200, M2M-100, MADLAD-400 or opus-mt (Marian)")


def _fetch_converted(name: str, folder: Path) -> Path | None:
    """The model as converted by the Hub's own account, from the Hub's cache if it was fetched before; None if there is none."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils import httpx

    references = folder.parent.parent / "refs"
    revisions = [path.relative_to(references).as_posix() for path in sorted(references.glob("refs/pr/*"))]
    if not revisions:
        try:
            offers = HfApi().get_repo_discussions(name, author=CONVERTER, discussion_type="pull_request")
            revisions = [offer.git_reference for offer in offers if offer.author == CONVERTER and offer.git_reference]
        except (httpx.HTTPError, OSError):
            return None
    folders = (fetch(name, NEEDED, revision) for revision in revisions)
    return next((folder for folder in folders if _has_weights(folder)), None)
