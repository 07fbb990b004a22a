"""The regimes, a file for each. All have the same source sentences and the same number of pairs."""

import difflib

from ...base.errors import InputError, unknown
from ...base.registry import registry
from ..regime import Regime

REGIMES = registry(__name__, Regime, "optical_repro.regimes")
"""Name to regime."""

ALIASES = {alias: regime.name for regime in REGIMES.values() for alias in regime.aliases}
"""Other name to the regime's own name."""


def check(regime: str) -> None:
    """Raises InputError, with suggestions, for an unknown regime."""
    if regime in REGIMES:
        return
    matches = difflib.get_close_matches(str(regime).lower().replace("_", "-"), ALIASES, n=1, cutoff=0.8)
    if matches:
        raise InputError(f'unknown regime "{regime}"; did you mean {ALIASES[matches[0]]}?')
    raise unknown("regime", str(regime), [*REGIMES, "all"])


def meanings() -> str:
    """The regimes for --help, one per line."""
    width = max(8, *(len(name) + 2 for name in REGIMES))
    return "\n".join(f"  {regime.name:{width}}{regime.meaning}" for regime in REGIMES.values())
