"""Splits text into sentences: translation models are trained on sentences, and leave out half of a whole passage."""

from __future__ import annotations

import re

REVISION = 1
"""Raise it with every change to how texts are split."""

LONGEST = 500
"""Maximum length of a sentence in characters; a longer one is cut at a blank."""

_END = re.compile(
    r"""
    (?<!\b[^\W\d_]\.)(?<!\b[A-Z][^\W\d_]\.)                         # no end after a single letter, or after Dr., St., Mr.
    (?<=[.!?…؟።])["'”\u2019»)\]]*\s+(?=["'“\u2018«(\[]*[^\Wa-z])    # . ? ! and their like, before anything but a small letter
    | (?<=[।॥])\s* | (?<=[。\uFF01\uFF1F])(?![」』”])                # ends that nothing else is written with
    | \s*\n\s*
    """,
    re.VERBOSE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, none empty or longer than ``LONGEST``.

    >>> sentences("Dr. Ade lives in Ibadan. Where is that? In Nigeria.")
    ['Dr. Ade lives in Ibadan.', 'Where is that?', 'In Nigeria.']
    """
    parts, start = [], 0
    for end in _END.finditer(text):
        parts.append(text[start : end.start()] + end.group().rstrip())
        start = end.end()
    whole = (" ".join(sentence.split()) for sentence in [*parts, text[start:]])
    return [piece for sentence in whole for piece in _cut(sentence)]


def _cut(sentence: str) -> list[str]:
    """A sentence in pieces of at most ``LONGEST`` characters, cut at blanks if it has any."""
    pieces = []
    while len(sentence) > LONGEST:
        blank = sentence.rfind(" ", 1, LONGEST + 1)
        end = blank if blank > 0 else LONGEST
        pieces.append(sentence[:end])
        sentence = sentence[end:].lstrip()
    return [*pieces, sentence] if sentence else pieces
