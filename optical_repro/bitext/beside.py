"""``--with``: the other languages that a student learns beside that of ``--lang``, each with its bitext."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..base import languages
from ..base.errors import InputError

EXPECTED = "expected LANG:FILE, such as ha:my/ha-en.tsv; further files of a language follow its first, after commas"


class Beside(NamedTuple):
    """Another language of a student."""

    lang: str
    """ISO 639-1."""
    bitext: tuple[Path, ...]
    """Its parallel text, as files or names of corpora."""


def parse(texts: Iterable[str]) -> tuple[Beside, ...]:
    """The languages of ``ha:one.tsv,two.tsv,sw:three.tsv``. Raises InputError for what has no language, and as `checked` does.

    >>> [(beside.lang, len(beside.bitext)) for beside in parse(["ha:one.tsv,two.tsv", "swa:lafand:dev"])]
    [('ha', 2), ('sw', 1)]
    """
    found: list[tuple[str, list[str]]] = []
    for part in (part for text in texts for part in text.split(",")):
        if match := re.fullmatch(r"([a-z]{2,3}(?:[-_]\w+)?):(.*)", part):
            found.append((match[1], [match[2]]))
        elif found:
            found[-1][1].append(part)
        else:
            raise InputError(f"--with {part}: no language; {EXPECTED}")
    return checked(found)


def checked(values: Any) -> tuple[Beside, ...]:
    """(language, files) pairs in the order of the languages' codes, which is the same whichever of them is that of ``--lang``.

    A shell expands no ``~`` after ``ha:``, so this does.

    Raises InputError for a language named twice, for English, and for one without a file.
    """
    found: dict[str, Beside] = {}
    for lang, files in values if _are_pairs(values) else _refuse(values):
        code = languages.canonical(lang)
        if languages.same(code, "en"):
            raise InputError(f"--with {lang}: every student has English beside its languages; name low-resource languages")
        if code in found:
            raise InputError(f"--with {lang}: named twice; give its files together, {lang}:FILE,FILE")
        if not files or not all(str(file) for file in files):
            raise InputError(f"--with {lang}: no file of {lang} and English; {EXPECTED}")
        found[code] = Beside(code, tuple(Path(file).expanduser() for file in files))
    return tuple(found[code] for code in sorted(found))


def refuse_learnt(beside: Sequence[Beside], lang: str) -> None:
    """Raises InputError if the language of ``--lang`` is among the others."""
    for other in beside:
        if languages.same(other.lang, lang):
            raise InputError(f"--with {other.lang}: is the language of --lang already; give its files with --bitext, and others here")


def _are_pairs(values: Any) -> bool:
    """Whether these are pairs of a language and its files."""
    return isinstance(values, tuple | list) and all(
        isinstance(value, tuple | list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], tuple | list)
        and all(isinstance(file, str | Path) for file in value[1])
        for value in values
    )


def _refuse(values: Any) -> list[Any]:
    raise InputError(f"--with {values!r}: expected pairs of a language and its files, as a tuple")
