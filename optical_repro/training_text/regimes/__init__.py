"""The regimes, a file each: the same source sentences and the same number of pairs in every one."""

import difflib

from ...base.errors import InputError, unknown
from ...base.registry import registry
from ..regime import Regime

REGIMES = registry(__name__, Regime, "optical_repro.regimes")
"""Name to regime."""

ALIASES = {alias: regime.name for regime in REGIMES.values() for alias in regime.aliases}
"""What people call the regimes, and their names here."""


def check(regime: str) -> None:
    """Raises InputError, with what may be meant, for what is no regime."""
    if regime in REGIMES:
        return
    meant = difflib.get_close_matches(str(regime).lower().replace("_", "-"), ALIASES, n=1, cutoff=0.8)
    if meant:
        raise InputError(f'unknown regime "{regime}"; did you mean {ALIASES[meant[0]]}?')
    raise unknown("regime", str(regime), [*REGIMES, "all"])


def meanings() -> str:
    """The regimes as --help lists them, a line each."""
    width = max(8, *(len(name) + 2 for name in REGIMES))
    return "\n".join(f"  {regime.name:{width}}{regime.meaning}" for regime in REGIMES.values())
