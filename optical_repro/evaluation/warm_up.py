"""``python -m optical_repro.evaluation.warm_up``: compiles the metrics in a separate process, beside training."""

from __future__ import annotations

from ..base import children
from .metrics import warm_up

if __name__ == "__main__":
    children.end_with_parent()
    warm_up()
