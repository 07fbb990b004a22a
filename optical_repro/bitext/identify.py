"""Which language a text is in, as CLD2 sees it: it knows some 160, yo, ha, sw, so and ig among them."""

from __future__ import annotations

from functools import cache

from ..base.errors import InputError

ALIASES = {"fil": "tl", "he": "iw", "jv": "jw", "nb": "no"}
"""Languages that CLD2 calls by other codes."""


def identified_as(lang: str) -> str | None:
    """The identifier's code of a language; None for one that it does not know."""
    cld2 = _cld2()
    codes = dict(cld2.LANGUAGES)
    code = ALIASES.get(lang, lang)
    return code if code in {codes[name] for name in cld2.DETECTED_LANGUAGES} else None


def seen_as(text: str) -> str | None:
    """The language that a text is surely in; None where the identifier is not sure."""
    cld2 = _cld2()
    printable = "".join(character for character in text if character.isprintable())
    try:
        sure, _, guesses = cld2.detect(printable.encode(), isPlainText=True)
    except cld2.error:  # Characters that it takes for no text.
        return None
    return guesses[0][1] if sure else None


@cache
def _cld2():  # type: ignore[no-untyped-def]
    try:
        import pycld2
    except ImportError:
        raise InputError("the filter language needs the package pycld2; run: pip install pycld2") from None
    return pycld2
