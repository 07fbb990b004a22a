"""Other ways to make the transport plan than the published one (``--transport``), alone or together.

The loss stays <plan, 1 - cosine>, with the plan held constant. What changes is which tokens the plan pairs, and how much each counts.
`plans` makes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import InputError, unknown

WAYS = {
    "centred": "the plan is made from states less the mean state of their text, on each side",
    "content": "a token's mass is its inverse document frequency in the training text, in place of equal masses",
    "one-sided": "each student token moves all its mass, but a teacher token may get more or less than its own",
    "ordered": "tokens in the same place of their texts are paired for less, as in a word aligner's prior",
    "sharp": "less regularisation, so that a token's mass goes to fewer others",
}
"""The names of the ways."""

OF_A_PAIR = tuple(way for way in WAYS if way != "content")
"""Those that need no more than the pair itself."""


def parse(text: str) -> tuple[str, ...]:
    """The ways in ``centred+sharp``, always in the same order; none in an empty text. Raises InputError for an unknown one."""
    names = text.split("+") if text else []
    for name in names:
        if name not in WAYS:
            raise unknown("--transport", name, WAYS)
    return tuple(name for name in WAYS if name in names)


def check(ways: Sequence[str], objectives: Sequence[str]) -> None:
    """Raises InputError for an unknown way, or where no objective makes a plan."""
    name = "+".join(ways)
    _ = parse(name)
    if ways and "ot" not in objectives:
        raise InputError(f"--transport {name}: --objective {'+'.join(objectives)} makes no plan; add ot")
