"""Pieces of HTML that the report page's sections are made of."""

from __future__ import annotations

import re
from html import escape


def section(identifier: str, title: str, content: str) -> str:
    """A section of the page, with the id that the contents link to."""
    return f'<section id="{identifier}"><h2>{title}</h2>\n{content}\n</section>'


def sortable(heads: str, body: str, label: str, kind: str = "") -> str:
    """A table that its headings sort; it scrolls sideways where it is too wide."""
    table = f'<table class="sortable {kind}"><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>'
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{table}</div>'


def heading(text: str, order: str = "none", title: str = "") -> str:
    """A heading that sorts its column; ``order``: its order at first; ``title``: what it means, as a tooltip."""
    return f'<th scope="col" aria-sort="{order}"><button type="button"{tooltip(title)}>{text}</button></th>'


def figure(caption: str, picture: str, legend: str = "") -> str:
    """A picture with its caption above it."""
    return f"<figure><figcaption>{escape(typeset(caption))}</figcaption>{picture}{legend}</figure>"


def tooltip(text: str) -> str:
    """The attribute for a tooltip; empty without text."""
    return f' title="{escape(text)}"' if text else ""


def listed(lines: list[str]) -> str:
    """Lines of findings as a list."""
    return f"<ul>{''.join(f'<li>{keep_numbers_together(escape(typeset(line)))}</li>' for line in lines)}</ul>"


def described(terms: dict[str, str]) -> str:
    """Terms with what they mean, or names with their values: HTML to HTML."""
    return f"<dl>{''.join(f'<dt>{term}</dt><dd>{meaning}</dd>' for term, meaning in terms.items())}</dl>"


def typeset(text: str) -> str:
    r"""Text with minus signs before numbers, and between terms, in place of hyphens.

    >>> ascii(typeset("bm25-qt -.120 (1 - AER)"))
    "'bm25-qt \\u2212.120 (1 \\u2212 AER)'"
    """
    return re.sub(r"(?<![^\s(])-(?=\.?\d|\s)", "\u2212", text)


def keep_numbers_together(text: str) -> str:
    """HTML in which no line breaks before or after ``=``, ``<`` and ``%``."""
    return re.sub(r" (=|&lt;|%) ?", lambda match: match[0].replace(" ", "\u00a0"), text)
