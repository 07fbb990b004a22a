"""Names of countries, languages, currencies and months from Unicode's CLDR (through Babel), which has hundreds of languages."""

from __future__ import annotations


def cldr_names(lang: str) -> list[tuple[str, str]]:
    """(name in ``lang``, English name) of territories, languages, currencies, months and days; empty for a language that CLDR lacks."""
    from babel import Locale, UnknownLocaleError

    try:
        there = Locale.parse(lang, sep="-")
    except (UnknownLocaleError, ValueError):
        return []
    english = Locale.parse("en")
    names = []
    for table in ("territories", "languages", "currencies"):
        ours, theirs = getattr(there, table), getattr(english, table)
        names += [(ours[code], theirs[code]) for code in sorted(ours) if code in theirs]
    for table in ("months", "days"):
        ours, theirs = (getattr(locale, table)["format"]["wide"] for locale in (there, english))
        names += [(ours[number], theirs[number]) for number in sorted(ours)]
    # A locale that lacks a name inherits the English one, which is of no use.
    return [(ours, theirs) for ours, theirs in names if ours and theirs and ours != theirs]
