"""Any text as Markdown that shows it unchanged."""

from __future__ import annotations

import json
import re


def one_line(text: str) -> str:
    """A text as one line without control characters, for YAML, code and tables."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def escaped(text: str) -> str:
    """A text as one line of Markdown that shows it unchanged: no markup, no HTML, no table cells."""
    return re.sub(r"([\\`*_\[\]<>&|#~$])", r"\\\1", one_line(text))


def fenced(text: str, language: str = "") -> str:
    """A text as a block of code, whatever it contains."""
    printable = "\n".join("".join(char if char.isprintable() else " " for char in line).rstrip() for line in text.strip().splitlines())
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", printable))])
    return f"{fence}{language}\n{printable}\n{fence}"


def code(text: str) -> str:
    """A text as inline code that fits a table cell."""
    return "`" + one_line(text).replace("`", "'").replace("|", "/") + "`"


def quoted(text: str) -> str:
    """A text as a string literal of Python and JSON."""
    return json.dumps(text, ensure_ascii=False)


def linked(name: str) -> str:
    """A name on the Hub as a link, any other name as code."""
    return f"[{name}](https://huggingface.co/{name})" if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else code(name)
