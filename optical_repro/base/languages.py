"""Language codes: ``yor``, ``yor_Latn`` and ``yo`` are one language."""

from __future__ import annotations

import difflib
import re

from .errors import InputError

IN_USE = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tgl": "tl", "twi": "tw", "nob": "nb"}
"""Replacements for outdated codes, and for long ones that CLDR maps to another language."""

OWN_MARKS = {"yo": "Yorùbá"}
"""Names with the marks that their readers write and CLDR leaves out."""

BESIDE_CLDR = {"pbt": "ps", "quy": "qu", "fuv": "ff", "no": "nb", "ns": "nso"}
"""Codes that CLDR does not map to those in use, though it maps swh to sw."""


def learnt(topics: str, documents: str) -> str:
    """The language that a student learns: the topics', or the documents' if the topics are English and the documents' is known."""
    return documents if topics == "en" and documents not in ("", "und") else topics


def name(code: str) -> str:
    """The English name of a language, ``Swahili`` for ``sw``; the code itself if CLDR has no name."""
    names = _names() | OWN_MARKS
    return names.get(code.replace("-", "_")) or names.get(code.partition("-")[0], code)


def canonical(code: str) -> str:
    """The one code of a language in this package: two letters if there are such, with its script if that is not the usual one.

    Regions are dropped, but may imply the script. Raises InputError for what is not in the form of a code.

    >>> [canonical(code) for code in ("yor", "yor_Latn", "sw-KE", "pt-BR", "zh-Hans", "zh-TW", "sr-Latn")]
    ['yo', 'yo', 'sw', 'pt', 'zh', 'zh-Hant', 'sr-Latn']
    """
    language, script = _subtags(check(code))
    language = IN_USE.get(language) or (language if len(language) == 2 else _by_cldr(language))
    return f"{language}-{script}" if script and script != script_of(language) else language


def same(code: str, other: str) -> bool:
    """Whether two codes are of one language, whatever the script: ``sw`` and ``swh_Latn``, ``fil`` and ``tl``."""
    return identity(code)[0] == identity(other)[0]


def identity(code: str) -> tuple[str, str]:
    """(language as CLDR writes it, script or ""): ``("sw", "Latn")`` for ``swh_Latn``."""
    language, script = _subtags(code)
    language = _by_cldr(IN_USE.get(language, language))
    return BESIDE_CLDR.get(language, language), script


def script_of(code: str) -> str:
    """The script of a language, from its code or else CLDR: ``Latn``; empty if unknown."""
    language, script = _subtags(code)
    return script or _likely_script(language) or _likely_script(_by_cldr(language))


def check(code: str) -> str:
    """Returns the code if it has the right form; raises InputError with near matches if not (``yoruba``)."""
    if re.fullmatch(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", code):
        return code
    known = _names()
    names = [*known.items(), *OWN_MARKS.items()]
    by_name = {english.lower(): short for short, english in names} | {short.lower(): short for short in known}
    if short := by_name.get(code.lower()):
        raise InputError(f'unknown language "{code}"; its ISO 639 code is {short}: --lang {short}')
    near = dict.fromkeys(by_name[close] for close in difflib.get_close_matches(code.lower(), by_name))
    told = " or ".join(f"{short} ({name(short)})" for short in near)
    hint = f"did you mean {told}?" if near else "expected an ISO 639 code such as yo, sw, ha"
    raise InputError(f'unknown language "{code}"; {hint}')


def _subtags(code: str) -> tuple[str, str]:
    """The language of a code, and its script: as written, or as the region implies (zh-TW)."""
    language, *others = code.replace("_", "-").split("-")
    language = language.lower()
    if script := next((tag.title() for tag in others if len(tag) == 4 and tag.isalpha()), ""):
        return language, script
    region = next((tag.upper() for tag in others if len(tag) == 2), "")
    return language, _likely_script(f"{_by_cldr(language)}_{region}") if region else ""


def _by_cldr(language: str) -> str:
    from babel.core import get_global

    return str(get_global("language_aliases").get(language, language)).split("_")[0]


def _likely_script(code: str) -> str:
    """The script in CLDR's likely subtags (``yo_Latn_NG``) of a language, or of a language in a region; empty if there is none."""
    from babel.core import get_global

    return (str(get_global("likely_subtags").get(code, "")) + "__").split("_")[1]


def _names() -> dict[str, str]:
    from babel import Locale

    return dict(Locale.parse("en").languages)
