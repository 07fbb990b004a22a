"""What parallel text from the web needs taken out of it: ``--bitext-filter``. None is used unless it is asked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from ..base import languages
from ..base.errors import InputError, unknown
from ..base.words import words
from .identify import identified_as, seen_as
from .readers import Pair

RATIO = 3.0
"""A side may have this many times the characters of the other, ``SLACK`` added to both: short sentences vary more."""
SLACK = 15
FEWEST = 0.1
"""Where less is kept, the filters do not fit the text, or the text is not what it is taken for."""
SCRIPT_SHARE = 0.7
"""Of a side's letters, those that must be of its language's script."""

FILTERS = {
    "length": f"one side is more than {RATIO:g} times as long as the other",
    "script": f"less than {SCRIPT_SHARE:.0%} of a side's letters are of its language's script",
    "duplicates": "a side that came before, but for case, accents and punctuation",
    "language": "a side is in another language, as CLD2 sees it; it abstains where it is not sure, or does not know the language",
}
"""What each drops."""


def parse(text: str) -> tuple[str, ...]:
    """``length,script`` or ``all`` to filters, in their order; raises InputError for one that there is not."""
    named = list(FILTERS) if text == "all" else text.split(",")
    for name in named:
        if name not in FILTERS:
            raise unknown("filter of bitext", name, [*FILTERS, "all"])
    return tuple(name for name in FILTERS if name in named)


def filtered(pairs: Sequence[Pair], names: Iterable[str], lang: str) -> tuple[list[Pair], dict[str, int]]:
    """The pairs that every filter keeps, in their order, and how many each dropped of those before it left.

    Raises InputError if none is kept, or less than ``FEWEST`` of them.
    """
    kept, dropped = list(pairs), {}
    for name in names:
        keeps = {"length": _length, "script": _script, "duplicates": _duplicates, "language": _language}[name](lang)
        before = len(kept)
        kept = [pair for pair in kept if keeps(pair)]
        dropped[name] = before - len(kept)
    if len(kept) < FEWEST * len(pairs):
        told = ", ".join(f"{name} {count:,}" for name, count in dropped.items() if count)
        left = f"all but {len(kept):,} of the {len(pairs):,} pairs" if kept else "every pair"
        raise InputError(f"the filters dropped {left} of the bitext ({told}); leave out one with --bitext-filter, or check the files")
    return kept, dropped


Keeps = Callable[[Pair], bool]


def _length(lang: str) -> Keeps:
    def keeps(pair: Pair) -> bool:
        shorter, longer = sorted(map(len, pair))
        return longer + SLACK <= RATIO * (shorter + SLACK)

    return keeps


def _script(lang: str) -> Keeps:
    scripts = script_names(lang), script_names("en")

    def keeps(pair: Pair) -> bool:
        return all(_share(side, names) >= SCRIPT_SHARE for side, names in zip(pair, scripts, strict=True) if names)

    return keeps


def _share(text: str, names: tuple[str, ...]) -> float:
    """The part of a text's letters whose Unicode names begin with one of these; 1 for a text without letters."""
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
"""Scripts by their ISO 15924 codes, as the names of their letters in Unicode begin."""


def script_names(lang: str) -> tuple[str, ...]:
    """How the names of the letters of a language's script begin, by CLDR; empty where the script is not known."""
    return SCRIPTS.get(languages.script_of(lang), ())


def _duplicates(lang: str) -> Keeps:
    seen: tuple[set[str], set[str]] = (set(), set())

    def keeps(pair: Pair) -> bool:
        folded = [" ".join(words(side)) or side for side in pair]
        if any(side in before for side, before in zip(folded, seen, strict=True)):
            return False
        for side, before in zip(folded, seen, strict=True):
            before.add(side)
        return True

    return keeps


def _language(lang: str) -> Keeps:
    def keeps(pair: Pair) -> bool:
        return all(seen_as(side) in (None, code) for side, code in zip(pair, expected, strict=True) if code)

    expected = identified_as(lang), "en"
    return keeps
