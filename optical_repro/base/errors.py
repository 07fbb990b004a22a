"""Errors in arguments and input, as commands report them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path


class InputError(Exception):
    """Bad arguments or bad input: a one-line message, exit status 2, no traceback.

    Whatever it quotes, the message is one line of at most ``LONGEST`` characters without control characters.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


LONGEST = 1000
"""The most characters in an error."""


def one_line(text: str) -> str:
    """A text on one line: control and invisible characters escaped, long texts cut in the middle.

    Quotations and long words are cut first, so that the file name at the start and the remedy at the end stay.
    """
    text = _cut_middle(text, 1 << 20)
    if len(text) > LONGEST // 2:
        text = re.sub(r'"([^"]*)"', lambda match: f'"{_cut_middle(match[1], 80)}"', text)
        text = re.sub(r"\S+", lambda match: _cut_middle(match[0], 320), text)
    return _cut_middle("".join(map(_escape, text)), LONGEST)


def _cut_middle(text: str, length: int) -> str:
    """At most ``length`` characters: two thirds from the start of the text, the rest from its end."""
    if len(text) <= length:
        return text
    head = 2 * length // 3
    return f"{text[:head]}…{text[head + 1 - length :]}"


def _escape(character: str) -> str:
    if character in "\n\r\t\v\f":
        return " "
    return character if character.isprintable() or character in JOINERS else character.encode("unicode_escape").decode()


JOINERS = "\u200c\u200d"
"""Arabic and Indic scripts need these to join letters or keep them apart."""


def bad_line(path: Path | str, line: int, wrong: str, expected: str) -> InputError:
    """An error at a line of a file: ``corpus.jsonl:7: no "id"; expected {"id": ..., "text": ...}``."""
    return InputError(f"{path}:{line}: {wrong}; expected {expected}")


def unknown(kind: str, name: str, known: Iterable[str], remedy: str = "") -> InputError:
    """An error for an unknown name, with near matches or, if there are none, all known names."""
    known, name = sorted(known), name[:200]  # Matching longer names is slow.
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    return InputError(f'unknown {kind} "{name}"; {hint}{" " + remedy if remedy else ""}')
