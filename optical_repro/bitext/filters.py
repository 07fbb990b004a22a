"""Filters for parallel text from the web: ``--bitext-filter``. By default none is used."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from ..base import languages
from ..base.errors import InputError, unknown
from ..base.words import words
from .identify import cld2_code, detect_language
from .readers import Pair

RATIO = 3.0
"""The longest ratio of characters between the sides, ``SLACK`` added to both because short sentences vary more."""
SLACK = 15
FEWEST = 0.1
"""The least share of pairs to keep: below it, filters and text do not fit each other."""
SCRIPT_SHARE = 0.7
"""The least share of a side's letters in its language's script."""

FILTERS = {
    "length": f"one side is more than {RATIO:g} times as long as the other",
    "script": f"less than {SCRIPT_SHARE:.0%} of a side's letters are of its language's script",
    "duplicates": "a side that came before, but for case, accents and punctuation",
    "language": "a side is in another language, as CLD2 sees it; it abstains where it is not sure, or does not know the language",
}
"""Each filter, with the pairs that it drops."""


def parse(text: str) -> tuple[str, ...]:
    """Parses ``length,script`` or ``all`` to filters, in the order of ``FILTERS``; raises InputError for an unknown one."""
    names = list(FILTERS) if text == "all" else text.split(",")
    for name in names:
        if name not in FILTERS:
            raise unknown("filter of bitext", name, [*FILTERS, "all"])
    return tuple(name for name in FILTERS if name in names)


def filtered(pairs: Sequence[Pair], names: Iterable[str], lang: str) -> tuple[list[Pair], dict[str, int]]:
    """The pairs that pass all filters, in order, and how many pairs each filter dropped of those that reached it.

    Raises InputError if no pair, or less than ``FEWEST`` of them, pass.
    """
    kept, dropped = list(pairs), {}
    for name in names:
        keep = {"length": _length, "script": _script, "duplicates": _duplicates, "language": _language}[name](lang)
        before = len(kept)
        kept = [pair for pair in kept if keep(pair)]
        dropped[name] = before - len(kept)
    if len(kept) < FEWEST * len(pairs):
        counts = ", ".join(f"{name} {count:,}" for name, count in dropped.items() if count)
        lost = f"all but {len(kept):,} of the {len(pairs):,} pairs" if kept else "every pair"
        raise InputError(f"the filters dropped {lost} of the bitext ({counts}); leave out one with --bitext-filter, or check the files")
    return kept, dropped


Filter = Callable[[Pair], bool]


def _length(lang: str) -> Filter:
    def keep(pair: Pair) -> bool:
        shorter, longer = sorted(map(len, pair))
        return longer + SLACK <= RATIO * (shorter + SLACK)

    return keep


def _script(lang: str) -> Filter:
    scripts = script_names(lang), script_names("en")

    def keep(pair: Pair) -> bool:
        return all(_share(side, names) >= SCRIPT_SHARE for side, names in zip(pair, scripts, strict=True) if names)

    return keep


def _share(text: str, names: tuple[str, ...]) -> float:
    """The share of a text's letters whose Unicode names begin with one of ``names``; 1 for a text without letters."""
    letters = [character for character in text if character.isalpha()]
    return sum(_letter_name(letter).startswith(names) for letter in letters) / len(letters) if letters else 1.0


@cache
def _letter_name(letter: str) -> str:
    return unicodedata.name(letter, "")


SCRIPTS = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Hans": ("CJK",),
    "Hant": ("CJK",),
    "Hebr": ("HEBREW",),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA"),
    "Khmr": ("KHMER",),
    "Knda": ("KANNADA",),
    "Kore": ("HANGUL", "CJK"),
    "Laoo": ("LAO",),
    "Latn": ("LATIN", "MODIFIER LETTER"),
    "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",),
    "Nkoo": ("NKO",),
    "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Tfng": ("TIFINAGH",),
    "Thai": ("THAI",),
    "Tibt": ("TIBETAN",),
}
"""ISO 15924 code of a script to the first words of its letters' Unicode names."""


def script_names(lang: str) -> tuple[str, ...]:
    """First words of the Unicode names of letters in a language's script, which CLDR gives; empty if unknown."""
    return SCRIPTS.get(languages.script_of(lang), ())


def _duplicates(lang: str) -> Filter:
    seen: tuple[set[str], set[str]] = (set(), set())

    def keep(pair: Pair) -> bool:
        folded = [" ".join(words(side)) or side for side in pair]
        if any(side in earlier for side, earlier in zip(folded, seen, strict=True)):
            return False
        for side, earlier in zip(folded, seen, strict=True):
            earlier.add(side)
        return True

    return keep


def _language(lang: str) -> Filter:
    def keep(pair: Pair) -> bool:
        return all(detect_language(side) in (None, code) for side, code in zip(pair, expected, strict=True) if code)

    expected = cld2_code(lang), "en"
    return keep
