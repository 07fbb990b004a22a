"""An option of a command line, as data: commands, files of options and documents read the same one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option, as argparse takes it."""

    name: str
    """Without its dashes."""
    help: str
    default: Any = None
    """A function gives it when a command starts, where it depends on the environment."""
    takes: dict[str, Any] = field(default_factory=dict)
    """Other keywords of argparse: ``type``, ``choices``, ``nargs``, ``metavar``, ``action``."""

    @property
    def dest(self) -> str:
        """Its name in parsed arguments."""
        return self.name.replace("-", "_")

    @property
    def is_list(self) -> bool:
        """Whether its value is a list, between commas."""
        metavar = self.takes.get("metavar", "")
        return isinstance(metavar, str) and "," in metavar

    @property
    def is_flag(self) -> bool:
        """Whether it has no value."""
        return self.takes.get("action") == "store_true"
