"""Languages by their ISO 639 codes."""

from __future__ import annotations

import re

from .errors import InputError, unknown


def name(code: str) -> str:
    """The English name of a language, ``Yoruba`` for ``yo``; the code itself where Unicode's CLDR has no name."""
    return _names().get(code, code)


def check(code: str) -> str:
    """Returns the code if it has the form of one; raises InputError, with the near matches, if not (``yoruba``)."""
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)?", code):
        return code
    by_name = {english.lower(): short for short, english in _names().items()}
    if short := by_name.get(code.lower()):
        raise InputError(f'unknown language "{code}"; its ISO 639 code is {short}: --lang {short}')
    raise unknown("language", code, by_name, "(--lang takes an ISO 639 code: yo, sw, ha)")


def _names() -> dict[str, str]:
    from babel import Locale

    return dict(Locale.parse("en").languages)
