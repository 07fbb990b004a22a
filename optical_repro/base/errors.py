"""What a command says when its arguments or its input are wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path


class InputError(Exception):
    """Bad arguments or bad input: one line for a person, exit status 2, no traceback.

    Whatever it quotes, the line stays one, stays below ``LONGEST`` characters, and holds nothing that a terminal obeys.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


LONGEST = 1000
"""Characters of an error, at the most."""


def one_line(text: str) -> str:
    """A text on one line: what a terminal would obey or not show written out, what is too long cut in its middle.

    Quotations and long words are cut first, so that the file's name at the beginning and the remedy at the end are left.
    """
    text = _middle_cut(text, 1 << 20)
    if len(text) > LONGEST // 2:
        text = re.sub(r'"([^"]*)"', lambda found: f'"{_middle_cut(found[1], 80)}"', text)
        text = re.sub(r"\S+", lambda found: _middle_cut(found[0], 320), text)
    return _middle_cut("".join(map(_shown, text)), LONGEST)


def _middle_cut(text: str, length: int) -> str:
    """At most ``length`` characters: two thirds of them the text's first, the others its last."""
    if len(text) <= length:
        return text
    head = 2 * length // 3
    return f"{text[:head]}…{text[head + 1 - length :]}"


def _shown(character: str) -> str:
    if character in "\n\r\t\v\f":
        return " "
    return character if character.isprintable() or character in JOINERS else character.encode("unicode_escape").decode()


JOINERS = "\u200c\u200d"
"""Letters of Arabic and Indic scripts are written with these."""


def bad_line(path: Path | str, line: int, wrong: str, expected: str) -> InputError:
    """An error at a line of a file: ``corpus.jsonl:7: no "id"; expected {"id": ..., "text": ...}``."""
    return InputError(f"{path}:{line}: {wrong}; expected {expected}")


def unknown(kind: str, name: str, known: Iterable[str], remedy: str = "") -> InputError:
    """An error for a name that is not known, with the near matches or, failing those, all that is known."""
    known, name = sorted(known), name[:200]  # Near matches of longer names take long to find.
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    return InputError(f'unknown {kind} "{name}"; {hint}{" " + remedy if remedy else ""}')
