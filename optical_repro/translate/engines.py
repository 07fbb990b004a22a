"""The engines by their names."""

from __future__ import annotations

from ..base.registry import registry
from .translator import MODEL, Engine

ENGINES = registry(__package__, Engine, "optical_repro.translators")
"""Name to engine."""


def engine(name: str) -> Engine:
    """The engine for a value of ``--translator``: the one of this name, else the one that runs translation models."""
    return ENGINES.get(name, ENGINES[MODEL])
