"""Downloads from the Hugging Face Hub, GitHub and other hosts: each file once, complete or absent."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import LONGEST, parse_json, sha256_once, whole
from .places import default_folder, home
from .terminal import say

GITHUB = "https://raw.githubusercontent.com"
BLOCK = 1 << 20
"""Bytes read at a time."""


def folder() -> Path:
    """The folder of downloads that no library keeps: ``$OPTICAL_DOWNLOADS``, else in the cache."""
    return Path(os.environ.get("OPTICAL_DOWNLOADS") or default_folder() / "downloads")


def hub(repository: str, path: str) -> Path:
    """Downloads a file of a data set on the Hugging Face Hub; HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE work as usual."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()
    with reachable(f"{repository}/{path}"):
        return Path(hf_hub_download(repository, path, repo_type="dataset", endpoint=os.environ.get("HF_ENDPOINT")))


def hub_on_disk(repository: str) -> bool:
    """Whether any file of a data set on the Hub has been downloaded."""
    base = Path(os.environ.get("HF_HOME") or home() / ".cache" / "huggingface")
    return os.path.isdir(Path(os.environ.get("HF_HUB_CACHE") or base / "hub") / f"datasets--{repository.replace('/', '--')}" / "snapshots")


def github(repository: str, path: str, branch: str = "main") -> Path:
    """Downloads a file of a repository on GitHub."""
    return fetch(f"{GITHUB}/{repository}/{branch}/{path}", github_folder(repository) / path)


def github_folder(repository: str) -> Path:
    """The folder of a repository's files."""
    return folder() / "github" / repository


def fetch(address: str, path: Path, md5: str | None = None) -> Path:
    """Downloads a file to ``path`` if it is missing or has changed since; returns ``path``.

    Raises InputError if the download fails, is incomplete, or does not have the MD5 sum ``md5``.
    """
    if kept(path):
        return path
    from tqdm import tqdm

    with reachable(address), urllib.request.urlopen(_request(address), timeout=60) as response, whole(path, "wb") as file:
        length = response.headers.get("Content-Length") or ""
        expected, received, checksum = int(length) if length.isdecimal() else 0, 0, hashlib.md5()
        with tqdm(desc=f"downloading {path.name}", total=expected or None, unit="B", unit_scale=True, disable=None, leave=False) as bar:
            while block := response.read(BLOCK):
                file.write(block)
                checksum.update(block)
                received += len(block)
                bar.update(len(block))
        if expected and received != expected:
            raise http.client.IncompleteRead(b"", expected - received)
        if md5 and checksum.hexdigest() != md5:
            raise InputError(f"{address}: is not the file that was published (MD5 {checksum.hexdigest()}, expected {md5}); try again later")
    record(path)
    return path


def kept(path: Path) -> bool:
    """Whether a file exists and is unchanged since it was recorded. Files without a record, from older versions, are accepted."""
    if not path.exists():
        return False
    hash_file = _hash_file(path)
    if not hash_file.is_file():
        if os.access(path.parent, os.W_OK):
            record(path)
        return True
    if hash_file.read_text(encoding="utf-8", errors="replace").strip() == sha256_once(path):
        return True
    say(f"{path}: not as it was downloaded; it is fetched again")
    return False


def record(path: Path) -> None:
    """Writes the SHA-256 of a downloaded file to ``.<name>.sha256`` beside it."""
    with whole(_hash_file(path)) as file:
        file.write(f"{sha256_once(path)}\n")


def forget(path: Path) -> None:
    """Removes a downloaded file and its record."""
    path.unlink(missing_ok=True)
    _hash_file(path).unlink(missing_ok=True)


def _hash_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


def read_json(address: str) -> Any:
    """The JSON at an address; raises InputError if there is no answer or it is not JSON."""
    with reachable(address), urllib.request.urlopen(_request(address), timeout=60) as response:
        text = response.read(LONGEST + 1)
    try:
        if len(text) > LONGEST:
            raise ValueError
        return parse_json(text)
    except (ValueError, RecursionError):
        raise InputError(f"{address}: its answer is not JSON; expected the service that answered when this was written") from None


def _request(address: str) -> urllib.request.Request:
    check_address(address)
    return urllib.request.Request(address, headers={"User-Agent": "optical_repro"})


def check_address(address: str) -> None:
    """Raises InputError unless the address is http or https: others supply it, and it might name a local file."""
    try:
        scheme = urllib.parse.urlsplit(address).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise InputError(f"{address}: is no address of the web; nothing was fetched; expected https://...")


@contextmanager
def reachable(what: str) -> Iterator[None]:
    """Turns the exceptions of a failed download into an InputError that says what to do."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:  # The Hub's errors are OSErrors too.
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{what}: cannot be downloaded ({reason}); check the network and try again") from None
