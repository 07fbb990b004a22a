"""Where things are kept that are nobody's results: the cache, and what libraries would write into a home that is not there."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path


def home() -> Path:
    """The user's home; ``/``, as containers have it, for a user that has none."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def default_folder() -> Path:
    """``$OPTICAL_CACHE``, else ``optical_repro`` in the user's cache folder."""
    if named := os.environ.get("OPTICAL_CACHE"):
        return Path(named)
    return unnamed_folder()


def unnamed_folder() -> Path:
    """Where the cache is when nobody names a place for it."""
    return _caches() / "optical_repro"


def settle(cache: Path | None = None) -> None:
    """Says where this process and its children keep what is no result: in ``cache``, where a command was given one.

    Log and downloads go there. So does what libraries keep under the home, where that cannot be written; places that the user named
    by their variables, and downloads that are there and can be read, stay as they are.
    """
    if cache is not None:
        os.environ["OPTICAL_CACHE"] = str(cache.expanduser().absolute())
    os.environ.setdefault("HOME", str(home()))  # Libraries would take "~" for the name of a folder.
    for variable, usual in _downloads().items():
        if variable not in os.environ and not os.path.isdir(usual) and not writable(usual):
            _keep_in_cache(variable)
    if "MPLCONFIGDIR" not in os.environ and not writable(Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config") / "matplotlib"):
        _keep_in_cache("MPLCONFIGDIR")
    ranx = importlib.util.find_spec("ranx")
    compiled = [Path(folder) / "__pycache__" for folder in (ranx and ranx.submodule_search_locations) or []]  # numba's first choice
    if "NUMBA_CACHE_DIR" not in os.environ and not any(map(writable, [*compiled, _caches() / "numba"])):
        _keep_in_cache("NUMBA_CACHE_DIR")


def _downloads() -> dict[str, Path]:
    """The variables that name a library's folder of downloads, and where it is without them."""
    return {
        "HF_HOME": _caches() / "huggingface",
        "PYSERINI_CACHE": home() / ".cache" / "pyserini",
        "IR_DATASETS_HOME": home() / ".ir_datasets",
    }


def _caches() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")


def _keep_in_cache(variable: str) -> None:
    name = variable.lower().partition("_")[0]
    if writable(default_folder()):
        os.environ[variable] = str(default_folder().absolute() / "libraries" / name)
        return
    # A finished cache that is only read, and no home: what libraries must write lasts as long as the command.
    try:
        os.environ[variable] = folder = tempfile.mkdtemp(prefix=f"optical_repro-{name}-")
    except OSError:
        return
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def writable(path: Path) -> bool:
    """Whether this user may write into a folder, or make it where it is not there."""
    there = path.absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)
