"""Finds the run files of a folder."""

from __future__ import annotations

import math
import re
from pathlib import Path

from ..base.errors import InputError
from ..base.files import opened

SNIFFED = 4096
"""Bytes to read from a file of another name to see whether it is a run."""
RUN = re.compile(r"([^.].*)\.(trec|run)(\.gz)?")
"""Files that are runs by their names."""
OURS = re.compile(r"report\..*|across\..*|.*\.manifest\.json|.*\.topics\.tsv|.*\.README\.md|\..*")
"""Files beside the runs that optical_repro writes."""


def run_files(folder: Path) -> dict[str, Path]:
    """System to its run file, ordered by name. Raises InputError if two files are of one system.

    A file of another name is a run if its first line looks like one: ``theirs.txt`` is the run of ``theirs``.
    """
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = RUN.fullmatch(path.name)
        name = match[1] if match else _without_suffix(path.name) if _looks_like_a_run(path) else None
        if name in paths:
            raise InputError(f"{path}: {paths[name].name} is a run of {name} too; rename one of them")
        if name:
            paths[name] = path
    return paths


def _without_suffix(name: str) -> str:
    """``theirs.txt`` and ``theirs.res.gz`` as ``theirs``; only a suffix of letters is removed, so ``bm25-k0.9`` stays."""
    return re.sub(r"(?<=.)\.[A-Za-z]+$", "", name.removesuffix(".gz"))


def _looks_like_a_run(path: Path) -> bool:
    """Whether a file, whatever its name, begins with the six columns of a run; False for optical_repro's own other files."""
    if OURS.fullmatch(path.name) or not path.is_file():
        return False
    try:
        with opened(path) as file:
            columns = file.read(SNIFFED).decode("utf-8-sig", errors="replace").lstrip().partition("\n")[0].split()
        return len(columns) == 6 and columns[3].isdigit() and math.isfinite(float(columns[4]))
    except (InputError, ValueError):
        return False


def other_files(folder: Path, paths: dict[str, Path]) -> list[str]:
    """A note on the files in a folder of runs that were not read; no note if there are none."""
    runs = {path.name for path in paths.values()}
    other = [path.name for path in sorted(folder.iterdir()) if path.is_file() and path.name not in runs and not OURS.fullmatch(path.name)]
    return [f"not read: {', '.join(other)} (not a run: six columns, topic Q0 document rank score tag)"] if other else []
