"""The engines by their names."""

from __future__ import annotations

from ..base.registry import registry
from .translator import MODEL, Engine

ENGINES = registry(__package__, Engine, "optical_repro.translators")
"""Name to engine."""


def engine(name: str) -> Engine:
    """The engine that ``--translator`` asks for: one of these names, else the one that runs translation models."""
    return ENGINES.get(name, ENGINES[MODEL])
