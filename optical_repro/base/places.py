"""Folders for what is not a result: the cache, and what libraries keep in a home that may not be writable."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path


def home() -> Path:
    """The user's home; ``/`` for a user without one, as in containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def default_folder() -> Path:
    """``$OPTICAL_CACHE``, else ``optical_repro`` in the user's cache folder."""
    if folder := os.environ.get("OPTICAL_CACHE"):
        return Path(folder)
    return usual_folder()


def usual_folder() -> Path:
    """The cache's folder if no option or variable names one."""
    return _user_cache() / "optical_repro"


def settle(cache: Path | None = None) -> None:
    """Sets the environment so that this process and its children keep their log and downloads in ``cache``, if there is one.

    Libraries that keep files under the home use it too if the home is not writable. Folders that the user set by variables, and
    readable downloads in the default folders, stay in use.
    """
    if cache is not None:
        os.environ["OPTICAL_CACHE"] = str(cache.expanduser().absolute())
    os.environ.setdefault("HOME", str(home()))  # Without it, libraries take "~" for a folder's name.
    for variable, default in _library_folders().items():
        if variable not in os.environ and not os.path.isdir(default) and not writable(default):
            _keep_in_cache(variable)
    if "MPLCONFIGDIR" not in os.environ and not writable(Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config") / "matplotlib"):
        _keep_in_cache("MPLCONFIGDIR")
    ranx = importlib.util.find_spec("ranx")
    numba = [Path(folder) / "__pycache__" for folder in (ranx and ranx.submodule_search_locations) or []]  # where numba looks first
    if "NUMBA_CACHE_DIR" not in os.environ and not any(map(writable, [*numba, _user_cache() / "numba"])):
        _keep_in_cache("NUMBA_CACHE_DIR")


def _library_folders() -> dict[str, Path]:
    """Variables that set a library's folder of downloads, with the folder it uses without them."""
    return {
        "HF_HOME": _user_cache() / "huggingface",
        "PYSERINI_CACHE": home() / ".cache" / "pyserini",
        "IR_DATASETS_HOME": home() / ".ir_datasets",
    }


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")


def _keep_in_cache(variable: str) -> None:
    name = variable.lower().partition("_")[0]
    if writable(default_folder()):
        os.environ[variable] = str(default_folder().absolute() / "libraries" / name)
        return
    # Neither cache nor home is writable: libraries get a temporary folder for the length of the command.
    try:
        os.environ[variable] = folder = tempfile.mkdtemp(prefix=f"optical_repro-{name}-")
    except OSError:
        return
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def writable(path: Path) -> bool:
    """Whether this user may write to a folder, or create it if it is missing."""
    folder = path.absolute()
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
