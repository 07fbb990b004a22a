"""Codes of languages as files write them: ``yor``, ``yor_Latn``, ``yo-NG`` and ``YO`` are all ``yo``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from ..base import languages

FORM = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*(-\d{3})?")
"""A code with its subtags, or a variety of PanLex (yor-000)."""


@functools.cache
def language(tag: str) -> str:
    """A tag's language by its shortest code, without script and region."""
    return languages.identity(tag)[0]


@functools.cache
def script(tag: str) -> str:
    """The script that a tag names (ISO 15924), or the one that its language is mostly written in; empty where neither is known."""
    return languages.script_of(tag)


def is_of(tag: str, lang: str) -> bool:
    """Whether a tag is a code of the language, whatever script or region either names."""
    return bool(FORM.fullmatch(tag)) and language(tag) == language(lang)


def chosen(tags: Iterable[str], lang: str) -> str | None:
    """The tag that stands for ``lang`` among those of one file or record; None where none does.

    Where several are of the language: the one written as ``lang`` is, else the first of its script, else the first.
    """
    found = [tag for tag in tags if is_of(tag, lang)]
    return min(found, key=lambda tag: (tag != lang, _plain(tag) != _plain(lang), script(tag) != script(lang)), default=None)


def _plain(tag: str) -> str:
    return tag.lower().replace("_", "-")
