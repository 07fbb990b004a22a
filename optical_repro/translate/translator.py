"""The one interface of everything that translates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

LEXICAL = "lexical"
"""The name of the translator that everyone has: word by word, with a lexicon."""

TRANSLATOR_HELP = """\
what translates topics, documents (bm25-dt) and the training text of bt: lexical, word by word (the default), or a translation model
(NLLB-200, M2M-100, MADLAD-400, opus-mt; of transformers or converted for CTranslate2), a folder or a name on the Hugging Face Hub"""
"""What the commands say of ``--translator``."""


class Translator(Protocol):
    """Translates texts of one language into another."""

    name: str
    """As it was asked for: ``lexical``, a folder, or a name on the Hugging Face Hub."""

    @property
    def identity(self) -> str:
        """A hash of what its translations depend on."""
        ...

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts."""
        ...
