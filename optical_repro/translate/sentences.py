"""Sentences, which is what translation models are trained on: given a passage, they leave out half of it."""

from __future__ import annotations

import re

REVISION = 1
"""To be raised with every change to the sentences of a text."""

LONGEST = 500
"""Characters that are translated at once; a longer sentence is cut at a blank."""

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
    """The sentences of a text, none longer than ``LONGEST``; none of them is blank.

    >>> sentences("Dr. Ade lives in Ibadan. Where is that? In Nigeria.")
    ['Dr. Ade lives in Ibadan.', 'Where is that?', 'In Nigeria.']
    """
    found, start = [], 0
    for end in _END.finditer(text):
        found.append(text[start : end.start()] + end.group().rstrip())
        start = end.end()
    whole = (" ".join(sentence.split()) for sentence in [*found, text[start:]])
    return [piece for sentence in whole for piece in _cut(sentence)]


def _cut(sentence: str) -> list[str]:
    """A sentence in pieces of ``LONGEST`` characters at most, from blank to blank where there are any."""
    pieces = []
    while len(sentence) > LONGEST:
        blank = sentence.rfind(" ", 1, LONGEST + 1)
        end = blank if blank > 0 else LONGEST
        pieces.append(sentence[:end])
        sentence = sentence[end:].lstrip()
    return [*pieces, sentence] if sentence else pieces
