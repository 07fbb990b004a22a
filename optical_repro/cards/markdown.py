"""Texts of others as Markdown that shows them as they are."""

from __future__ import annotations

import json
import re


def one_line(text: str) -> str:
    """A text as one line without control characters, for YAML, code and tables."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def escaped(text: str) -> str:
    """A text as one line of Markdown that shows it as it is: no markup, no HTML, no cells of a table."""
    return re.sub(r"([\\`*_\[\]<>&|#~$])", r"\\\1", one_line(text))


def fenced(text: str, language: str = "") -> str:
    """A text as a block of code, whatever stands in it."""
    kept = "\n".join("".join(char if char.isprintable() else " " for char in line).rstrip() for line in text.strip().splitlines())
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", kept))])
    return f"{fence}{language}\n{kept}\n{fence}"


def code(text: str) -> str:
    """A text in a line's code, that a table's cell can hold."""
    return "`" + one_line(text).replace("`", "'").replace("|", "/") + "`"


def quoted(text: str) -> str:
    """A text as Python and JSON write it."""
    return json.dumps(text, ensure_ascii=False)


def linked(name: str) -> str:
    """A name on the Hub as a link to it, any other as code."""
    return f"[{name}](https://huggingface.co/{name})" if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else code(name)
