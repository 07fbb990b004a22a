"""What a command says when its arguments or its input are wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class InputError(Exception):
    """Bad arguments or bad input: one line for a person, exit status 2, no traceback."""


def bad_line(path: Path | str, line: int, wrong: str, expected: str) -> InputError:
    """An error at a line of a file: ``corpus.jsonl:7: no "id"; expected {"id": ..., "text": ...}``."""
    return InputError(f"{path}:{line}: {wrong}; expected {expected}")


def unknown(kind: str, name: str, known: Iterable[str], remedy: str = "") -> InputError:
    """An error for a name that is not known, with the near matches or, failing those, all that is known."""
    known = sorted(known)
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    return InputError(f'unknown {kind} "{name}"; {hint}{" " + remedy if remedy else ""}')
