"""Files that others publish: on the Hugging Face Hub, on GitHub, anywhere; fetched once, complete or absent."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import LONGEST, sha256_once, whole
from .places import default_folder, home
from .terminal import say

GITHUB = "https://raw.githubusercontent.com"
BLOCK = 1 << 20
"""Bytes read at a time."""


def folder() -> Path:
    """Where downloads are kept that no library keeps: ``$OPTICAL_DOWNLOADS``, else in the cache."""
    return Path(os.environ.get("OPTICAL_DOWNLOADS") or default_folder() / "downloads")


def hub(repository: str, path: str) -> Path:
    """A file of a data set on the Hugging Face Hub; HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE do what they always do."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()
    with reachable(f"{repository}/{path}"):
        return Path(hf_hub_download(repository, path, repo_type="dataset", endpoint=os.environ.get("HF_ENDPOINT")))


def hub_on_disk(repository: str) -> bool:
    """Whether something of a data set on the Hub has been downloaded."""
    kept = Path(os.environ.get("HF_HOME") or home() / ".cache" / "huggingface")
    return os.path.isdir(Path(os.environ.get("HF_HUB_CACHE") or kept / "hub") / f"datasets--{repository.replace('/', '--')}" / "snapshots")


def github(repository: str, path: str, branch: str = "main") -> Path:
    """A file of a repository on GitHub."""
    return fetch(f"{GITHUB}/{repository}/{branch}/{path}", github_folder(repository) / path)


def github_folder(repository: str) -> Path:
    """Where its files are kept."""
    return folder() / "github" / repository


def fetch(address: str, path: Path, md5: str | None = None) -> Path:
    """Downloads a file to ``path`` if it is not there yet, or no longer as it was; returns ``path``.

    Raises InputError where it cannot be had, ends too early, or is not the file whose MD5 sum is given.
    """
    if kept(path):
        return path
    from tqdm import tqdm

    with reachable(address), urllib.request.urlopen(_request(address), timeout=60) as response, whole(path, "wb") as file:
        told = response.headers.get("Content-Length") or ""
        expected, read, hashed = int(told) if told.isdecimal() else 0, 0, hashlib.md5()
        with tqdm(desc=f"downloading {path.name}", total=expected or None, unit="B", unit_scale=True, disable=None, leave=False) as bar:
            while block := response.read(BLOCK):
                file.write(block)
                hashed.update(block)
                read += len(block)
                bar.update(len(block))
        if expected and read != expected:
            raise http.client.IncompleteRead(b"", expected - read)
        if md5 and hashed.hexdigest() != md5:
            raise InputError(f"{address}: is not the file that was published (MD5 {hashed.hexdigest()}, expected {md5}); try again later")
    record(path)
    return path


def kept(path: Path) -> bool:
    """Whether a file is there, as it was when it was recorded. One without a record, of before there were any, is taken as it is."""
    if not path.exists():
        return False
    recorded = _hash_of(path)
    if not recorded.is_file():
        if os.access(path.parent, os.W_OK):
            record(path)
        return True
    if recorded.read_text(encoding="utf-8", errors="replace").strip() == sha256_once(path):
        return True
    say(f"{path}: not as it was downloaded; it is fetched again")
    return False


def record(path: Path) -> None:
    """Keeps the SHA-256 of a file that was fetched, in ``.<name>.sha256`` beside it."""
    with whole(_hash_of(path)) as file:
        file.write(f"{sha256_once(path)}\n")


def forget(path: Path) -> None:
    """Removes a file that was fetched, and its record."""
    path.unlink(missing_ok=True)
    _hash_of(path).unlink(missing_ok=True)


def _hash_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


def read_json(address: str) -> Any:
    """What an address answers, as JSON; raises InputError where it answers something else, or nothing."""
    with reachable(address), urllib.request.urlopen(_request(address), timeout=60) as response:
        text = response.read(LONGEST + 1)
    try:
        if len(text) > LONGEST:
            raise ValueError
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{address}: its answer is not JSON; expected the service that answered when this was written") from None


def _request(address: str) -> urllib.request.Request:
    check_address(address)
    return urllib.request.Request(address, headers={"User-Agent": "optical_repro"})


def check_address(address: str) -> None:
    """Raises InputError for what no download comes from: an address that others name might lead to a file of this machine."""
    try:
        scheme = urllib.parse.urlsplit(address).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise InputError(f"{address}: is no address of the web; nothing was fetched; expected https://...")


@contextmanager
def reachable(what: str) -> Iterator[None]:
    """Turns what a download that fails raises into one line that says what to do."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:  # The Hub's own errors are OSErrors too.
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{what}: cannot be downloaded ({reason}); check the network and try again") from None
