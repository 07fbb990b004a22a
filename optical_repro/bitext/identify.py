"""Language identification by CLD2, which knows about 160 languages, such as yo, ha, sw, so and ig."""

from __future__ import annotations

from functools import cache

from ..base.errors import InputError

ALIASES = {"fil": "tl", "he": "iw", "jv": "jw", "nb": "no"}
"""CLD2's codes where they differ from ours."""


def cld2_code(lang: str) -> str | None:
    """CLD2's code of a language; None if it does not know the language."""
    cld2 = _cld2()
    codes = dict(cld2.LANGUAGES)
    code = ALIASES.get(lang, lang)
    return code if code in {codes[name] for name in cld2.DETECTED_LANGUAGES} else None


def detect_language(text: str) -> str | None:
    """CLD2's code of a text's language; None if CLD2 is not sure."""
    cld2 = _cld2()
    printable = "".join(character for character in text if character.isprintable())
    try:
        sure, _, guesses = cld2.detect(printable.encode(), isPlainText=True)
    except cld2.error:  # Characters that CLD2 does not accept.
        return None
    return guesses[0][1] if sure else None


@cache
def _cld2():  # type: ignore[no-untyped-def]
    try:
        import pycld2
    except ImportError:
        raise InputError("the filter language needs the package pycld2; run: pip install pycld2") from None
    return pycld2
