"""How families of translation models write languages, and which of a model's codes is that of a language.

A model's languages are read from its vocabulary, which has a token for each; so none is listed here, and a model that was trained
further on a new language has it.
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
    """Translation models that write languages alike."""

    name: str
    token: re.Pattern[str]
    """Of a language's token in the vocabulary; its group is the language's code."""
    asked_in_text: bool
    """Whether the token of the language to translate into is put before the text; else the translation begins with it, and
    the tokenizer marks the text with its own language."""
    both_sides: bool
    """Whether the languages that it translates from are those that it translates into."""


FAMILIES = (
    Family("NLLB-200", re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"), asked_in_text=False, both_sides=True),
    Family("M2M-100", re.compile(r"__([a-z]{2,3})__"), asked_in_text=False, both_sides=True),
    Family("MADLAD-400", re.compile(r"<2([a-z]{2,3}(?:_[A-Z][a-z]{3})?)>"), asked_in_text=True, both_sides=True),
    Family("opus-mt", re.compile(r">>([a-z]{2,3}(?:_[A-Z][a-z]{3})?)<<"), asked_in_text=True, both_sides=False),
)


@dataclass(frozen=True)
class Codes:
    """The languages of a model: each code (``yor_Latn``) with its token in the vocabulary."""

    family: Family
    tokens: dict[str, str]

    def find(self, language: str) -> str:
        """The model's code of a language given by its ISO 639 code, with a script if need be (``zh-Hant``).

        Raises InputError, with the near matches, for a language that the model does not have.
        """
        asked, script = languages.identity(language)
        identities = {code: languages.identity(code) for code in self.tokens}
        same = [code for code, (found, its) in identities.items() if found == asked and (not script or its in ("", script))]
        if not same:
            raise InputError(f"the translator does not have {languages.name(language)} ({language}); {self._hint(language)}")

        beginning = language.partition("-")[0]
        scripts = [script] if script else ["", languages.script_of(asked)]

        def far(code: str) -> tuple[bool, bool, str]:
            # Akan has two, aka and twi: tw means the second. Then the script that the language is mostly written in.
            return not code.startswith(beginning), identities[code][1] not in scripts, code

        return min(same, key=far)

    def _hint(self, language: str) -> str:
        names = {languages.name(languages.identity(code)[0]): code for code in sorted(self.tokens, reverse=True)}
        near = difflib.get_close_matches(languages.name(language), names, n=3, cutoff=0.5)
        if near:
            return f"did you mean {' or '.join(f'{names[name]} ({name})' for name in near)}?"
        return f"its languages: {textwrap.shorten(', '.join(sorted(self.tokens)), 200, placeholder=' ...')}"


def read_codes(vocabulary: Iterable[str]) -> Codes | None:
    """The languages that a vocabulary has tokens of; None if it has none, as that of a model for a single pair."""
    tokens = list(vocabulary)
    found = [Codes(family, {made[1]: token for token in tokens if (made := family.token.fullmatch(token))}) for family in FAMILIES]
    most = max(found, key=lambda codes: len(codes.tokens))
    return most if most.tokens else None


def is_language(code: str) -> bool:
    """Whether a code is a single language's, and not that of a group (``bnt``, ``mul``)."""
    return languages.script_of(code) != ""
