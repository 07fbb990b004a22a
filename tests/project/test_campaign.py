"""The campaign of benchmarks/campaign.py, small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CAMPAIGN = Path(__file__).parents[2] / "benchmarks/campaign.py"


def campaign(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(CAMPAIGN), *options], capture_output=True, text=True, check=False)


def test_kills_and_crowds_cost_no_result() -> None:
    done = campaign("--kills", "2", "--at-once", "2", "--inputs", "0", "--systems", "bm25,bm25-qt", "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr


def test_changed_inputs_end_in_one_line() -> None:
    done = campaign("--kills", "0", "--at-once", "0", "--inputs", "60", "--systems", "bm25", "--seed", "4")
    assert done.returncode == 0, done.stdout + done.stderr
