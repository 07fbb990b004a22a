"""YAML files of one mapping, read with errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import InputError, bad_line
from .files import read_text

MOST = 100_000
"""Most values in a file with its aliases expanded: a few lines of aliases of aliases could fill the memory."""


def read_mapping(path: Path, expected: str) -> dict[Any, Any]:
    """Reads a file of one mapping; ``expected``: its keys, for errors. Raises InputError for what is not YAML, or no mapping."""
    import yaml

    text = read_text(path)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None and _count_values(node, {}) > MOST:
            raise InputError(f"{path}: its aliases stand for more than {MOST:,} values; expected them written out")
        raw = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise bad_line(path, mark.line + 1 if mark else 1, getattr(error, "problem", None) or "not YAML", "YAML") from None
    except RecursionError:
        raise InputError(f"{path}: YAML nested too deeply, or in itself; expected {expected}") from None
    except ValueError as error:  # An impossible date or number, such as 2001-99-99.
        raise InputError(f"{path}: {error}; expected YAML") from None
    if not isinstance(raw, dict):
        raise InputError(f"{path}: no keys in it; expected {expected}")
    return raw


def _count_values(node: Any, counts: dict[int, int]) -> int:
    """How many values a YAML node has with its aliases expanded."""
    if id(node) not in counts:
        parts = node.value if isinstance(node.value, list) else []
        flat = [part for item in parts for part in (item if isinstance(item, tuple) else (item,))]
        counts[id(node)] = 1 + sum(_count_values(part, counts) for part in flat)
    return counts[id(node)]
