"""Names of countries, languages, currencies and months that Unicode's CLDR carries for hundreds of languages (through Babel)."""

from __future__ import annotations


def cldr_names(lang: str) -> list[tuple[str, str]]:
    """(name in ``lang``, English name) of territories, languages, currencies, months and days; none for a language CLDR lacks."""
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
    # A locale inherits English names where it has none of its own: they teach nothing.
    return [(ours, theirs) for ours, theirs in names if ours and theirs and ours != theirs]
