"""Languages by their ISO 639 codes."""

from __future__ import annotations

import difflib
import re

from .errors import InputError


def name(code: str) -> str:
    """The English name of a language, ``Yoruba`` for ``yo``; the code itself where Unicode's CLDR has no name."""
    return _names().get(code, code)


def check(code: str) -> str:
    """Returns the code if it has the form of one; raises InputError, with the near matches, if not (``yoruba``)."""
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)?", code):
        return code
    known = _names()
    by_name = {english.lower(): short for short, english in known.items()} | {short.lower(): short for short in known}
    if short := by_name.get(code.lower()):
        raise InputError(f'unknown language "{code}"; its ISO 639 code is {short}: --lang {short}')
    near = [f"{by_name[name]} ({known[by_name[name]]})" for name in difflib.get_close_matches(code.lower(), by_name)]
    hint = f"did you mean {' or '.join(near)}?" if near else "expected an ISO 639 code such as yo, sw, ha"
    raise InputError(f'unknown language "{code}"; {hint}')


def _names() -> dict[str, str]:
    from babel import Locale

    return dict(Locale.parse("en").languages)
