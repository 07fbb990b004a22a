"""The files of a student that go with it elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..base.cache import RECORD
from .evaluation import CARD, THIS


def gather(student: Path, card: Path, name: str, folder: Path, *, copies: bool = False) -> None:
    """Fills a folder with a student's files, as links or as copies that everyone may read, and with its card.

    ``name`` takes the place of ``THIS MODEL`` in the card; without a card there is none. The cache's own files stay behind.
    """
    for path in sorted(student.rglob("*")):
        parts = path.relative_to(student).parts
        if path.is_file() and path.name not in (RECORD, CARD) and not any(part.startswith(".") for part in parts):
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            if copies:
                shutil.copyfile(path, place)
            else:
                place.symlink_to(path.resolve())
    if card.is_file():
        (folder / CARD).write_text(card.read_text(encoding="utf-8").replace(THIS, name), encoding="utf-8")
    if copies:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
