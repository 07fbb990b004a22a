"""Significance tests of optical_repro: processor time and memory of all pairs of many systems, worked on in blocks, against all at once.

Random scores of seven metrics. The side that works on all pairs at once holds sign patterns x pairs numbers; its p-values must be the same,
which is checked. It is measured at --beside systems, where it fits a machine's memory; --systems by --topics, the size that is asked
about, is measured in blocks alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import patch

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measures each side in a process of its own, and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=60, metavar="N", help="systems in blocks (default: %(default)s)")
    parser.add_argument("--topics", type=int, default=500, metavar="N", help="topics (default: %(default)s)")
    parser.add_argument("--beside", type=int, default=20, metavar="N", help="systems of both sides (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=RESULTS / "significance.json", metavar="FILE", help="the results")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.systems, arguments.topics)))
        return
    blocks, at_once = (in_new_process(side, arguments.beside, arguments.topics) for side in ("blocks", "at once"))
    assert blocks.pop("p") == at_once.pop("p"), "the two sides do not find the same p"
    many = in_new_process("blocks", arguments.systems, arguments.topics)
    many.pop("p")
    for row in (blocks, at_once, many):
        print(f"{row['systems']:>4} systems x {row['topics']} topics, {row['side']:8} {row['seconds']:7.1f} s  {row['mb']:6,} MB")
    faster, smaller = at_once["seconds"] / blocks["seconds"], at_once["mb"] / blocks["mb"]
    print(f"{faster:.2f} x less processor time, {smaller:.2f} x less memory (Python and its libraries included), the same p-values")
    arguments.json.parent.mkdir(exist_ok=True)
    arguments.json.write_text(json.dumps({"sides": [blocks, at_once, many], "time": faster, "memory": smaller}, indent=1))


def in_new_process(side: str, systems: int, topics: int) -> dict[str, Any]:
    """Measures one side in a new process, to see its memory alone."""
    command = [sys.executable, __file__, "--side", side, "--systems", str(systems), "--topics", str(topics)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def measure(side: str, systems: int, topics: int) -> dict[str, Any]:
    """Runs Fisher's and Tukey's tests and the bootstrap on all pairs: processor seconds, most memory, and p."""
    import numpy as np

    from optical_repro.evaluation import significance
    from optical_repro.evaluation.metrics import METRICS

    random = np.random.default_rng(1)
    values = random.random((systems, len(METRICS), topics)) + np.linspace(0, 0.2, systems)[:, None, None]
    scores = {f"system {number}": dict(zip(METRICS, own, strict=True)) for number, own in enumerate(values)}
    if side == "at once":
        significance.BLOCK, significance.WIDTH = 2**40, 2**40
        fisher = significance._fisher

        def fisher_of_every_pair(columns: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
            """Flips the signs of every pair's differences, not of each system's scores."""
            differences = np.hstack([columns[:, a] - columns[:, b], np.zeros((topics, 1))])
            return fisher(differences, np.arange(len(a)), np.full(len(a), len(a)))

        patch.object(significance, "_fisher", fisher_of_every_pair).start()
    started = time.process_time()
    comparisons = significance.compare(scores, list(combinations(scores, 2)))
    seconds = time.process_time() - started
    unit = 2**20 if sys.platform == "darwin" else 2**10
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
    p = [[comparison.p, comparison.tukey] for comparison in comparisons]
    return {"side": side, "systems": systems, "topics": topics, "seconds": seconds, "mb": memory, "p": p}


if __name__ == "__main__":
    main()
