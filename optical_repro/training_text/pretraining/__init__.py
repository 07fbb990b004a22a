"""The objectives of pre-training, a file for each."""

from ...base.errors import unknown
from ...base.registry import registry
from ..pretraining_objective import PreTraining

PRETRAINING = registry(__name__, PreTraining, "optical_repro.pretraining")
"""Name to objective."""


def check(name: str) -> None:
    """Raises InputError for an unknown objective of pre-training."""
    if name not in PRETRAINING:
        raise unknown("--pretrain", str(name), PRETRAINING)
