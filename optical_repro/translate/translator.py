"""The one interface of everything that translates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Translator(Protocol):
    """Translates texts of one language into another."""

    name: str

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts."""
        ...
