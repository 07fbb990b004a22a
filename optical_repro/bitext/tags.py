"""Language tags in files: ``yor``, ``yor_Latn``, ``yo-NG`` and ``YO`` are all ``yo``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from ..base import languages

FORM = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*(-\d{3})?")
"""A code with its subtags, or a variety of PanLex (yor-000)."""


@functools.cache
def language(tag: str) -> str:
    """The shortest code of a tag's language, without script and region."""
    return languages.identity(tag)[0]


@functools.cache
def script(tag: str) -> str:
    """The script in a tag (ISO 15924), or else the usual one of its language; empty if unknown."""
    return languages.script_of(tag)


def is_of(tag: str, lang: str) -> bool:
    """Whether a tag is a code of the language, whatever the scripts or regions."""
    return bool(FORM.fullmatch(tag)) and language(tag) == language(lang)


def best_tag(tags: Iterable[str], lang: str) -> str | None:
    """The tag that fits ``lang`` best among those of one file or record; None if none is of the language.

    Of several, the one that is written like ``lang``, else the first of its script, else the first.
    """
    matches = [tag for tag in tags if is_of(tag, lang)]
    return min(matches, key=lambda tag: (tag != lang, _plain(tag) != _plain(lang), script(tag) != script(lang)), default=None)


def _plain(tag: str) -> str:
    return tag.lower().replace("_", "-")
