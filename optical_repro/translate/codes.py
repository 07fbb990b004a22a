"""The language codes of families of translation models, and how to find a model's code for a language.

A model's languages are read from its vocabulary, which has a token for each. So none is listed here, and a model fine-tuned on
a new language has it too.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from ..base import languages
from ..base.errors import InputError


@dataclass(frozen=True)
class Family:
    """Translation models that write language codes in the same way."""

    name: str
    token: re.Pattern[str]
    """Pattern of a language's token in the vocabulary; its group is the language's code."""
    target_in_text: bool
    """Whether the target language's token is put before the text; else the translation begins with it, and the tokenizer marks
    the text with the source language."""
    both_sides: bool
    """Whether its tokens are also those of the source languages."""


FAMILIES = (
    Family("NLLB-200", re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"), target_in_text=False, both_sides=True),
    Family("M2M-100", re.compile(r"__([a-z]{2,3})__"), target_in_text=False, both_sides=True),
    Family("MADLAD-400", re.compile(r"<2([a-z]{2,3}(?:_[A-Z][a-z]{3})?)>"), target_in_text=True, both_sides=True),
    Family("opus-mt", re.compile(r">>([a-z]{2,3}(?:_[A-Z][a-z]{3})?)<<"), target_in_text=True, both_sides=False),
)


@dataclass(frozen=True)
class Codes:
    """The languages of a model: each code (``yor_Latn``) with its token in the vocabulary."""

    family: Family
    tokens: dict[str, str]

    def find(self, language: str) -> str:
        """The model's code for a language, from its ISO 639 code, with a script if needed (``zh-Hant``).

        Raises InputError, with suggestions, for a language that the model does not have.
        """
        iso, script = languages.identity(language)
        identities = {code: languages.identity(code) for code in self.tokens}
        candidates = [code for code, identity in identities.items() if identity[0] == iso and (not script or identity[1] in ("", script))]
        if not candidates:
            raise InputError(f"the translator does not have {languages.name(language)} ({language}); {self._hint(language)}")

        beginning = language.partition("-")[0]
        scripts = [script] if script else ["", languages.script_of(iso)]

        def distance(code: str) -> tuple[bool, bool, str]:
            # Akan has two codes, aka and twi: tw means the second. Then the usual script of the language.
            return not code.startswith(beginning), identities[code][1] not in scripts, code

        return min(candidates, key=distance)

    def _hint(self, language: str) -> str:
        names = {languages.name(languages.identity(code)[0]): code for code in sorted(self.tokens, reverse=True)}
        near = difflib.get_close_matches(languages.name(language), names, n=3, cutoff=0.5)
        if near:
            return f"did you mean {' or '.join(f'{names[name]} ({name})' for name in near)}?"
        return f"its languages: {textwrap.shorten(', '.join(sorted(self.tokens)), 200, placeholder=' ...')}"


def read_codes(vocabulary: Iterable[str]) -> Codes | None:
    """The languages that a vocabulary has tokens for; None if it has none, like that of a model for a single pair."""
    tokens = list(vocabulary)
    candidates = [Codes(family, {match[1]: token for token in tokens if (match := family.token.fullmatch(token))}) for family in FAMILIES]
    most = max(candidates, key=lambda codes: len(codes.tokens))
    return most if most.tokens else None


def is_language(code: str) -> bool:
    """Whether a code is that of a single language, not of a group (``bnt``, ``mul``)."""
    return languages.script_of(code) != ""
