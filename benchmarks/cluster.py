"""What `--engine ray` gains: encoding by one worker and by more, and a grid of eight students by two workers against one process.

A worker is a node of one core on this machine, and all compute on one thread, so that files are the same; that is checked. The grid is
made by one process on all threads too, as it is without Ray. What grids share (lexicon, indexes of the teacher) is made before.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import measure

GRID = """
languages: [yo]
regimes: [cs, bt]
seeds: [{seeds}]
baselines: [dense-qt]
arguments: {{steps: {steps}, device: cpu}}
"""


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "cluster", passages=4096, workers=2, steps=10).parse_args()
    rows: dict[str, Any] = {"cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        rows["encoding, s"] = encoding(Path(name), arguments.passages, arguments.workers, arguments.runs)
        first = rows["encoding, s"]["one process"]
        print(f"\n| {arguments.passages:,} passages encoded by | time | ratio |\n|---|---:|---:|")
        for side, seconds in rows["encoding, s"].items():
            print(f"| {side} | {seconds:.1f} s | {first / seconds:.2f} x |")
        rows["grid, s"] = grid(Path(name), arguments.steps)
        first = rows["grid, s"]["one process, one thread"]
        print("\n| eight students by | time | ratio |\n|---|---:|---:|")
        for side, seconds in rows["grid, s"].items():
            print(f"| {side} | {seconds:.0f} s | {first / seconds:.2f} x |")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


@contextlib.contextmanager
def nodes(count: int) -> Iterator[str]:
    """The address of a cluster of so many nodes of one core each."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(count - 1):
        cluster.add_node(num_cpus=1)
    try:
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


def encoding(folder: Path, count: int, workers: int, runs: int) -> dict[str, float]:
    """Median seconds of the dense index of so many passages, after models are loaded: by one process, and by 1, 2 ... workers."""
    from optical_repro import collections
    from optical_repro.collections.collection import Passage
    from optical_repro.encoders import models
    from optical_repro.engines.engine import Engine, Local, connect
    from optical_repro.retrieval.dense import build_index

    model = models.locate(models.EMBEDDED)
    texts = [passage.contents for passage in collections.load("sample", "yo").passages()]
    passages = [Passage(str(number), "", texts[number % len(texts)]) for number in range(count)]
    hashes = set()

    def seconds(engine: Engine) -> float:
        build_index(passages, model, folder / "index", engine=engine)
        times = []
        for _ in range(runs):
            started = time.perf_counter()
            build_index(passages, model, folder / "index", engine=engine)
            times.append(time.perf_counter() - started)
        hashes.add(hashlib.sha256((folder / "index/index").read_bytes()).hexdigest())
        return sorted(times)[runs // 2]

    found = {"one process": seconds(Local())}
    for number in range(1, workers + 1):
        with nodes(number) as address:
            found[f"{number} worker{'s' if number > 1 else ''}"] = seconds(connect(f"ray:{address}"))
    assert len(hashes) == 1, "the indexes differ"
    return found


def grid(folder: Path, steps: int) -> dict[str, float]:
    """Seconds of a grid's command, without what grids share."""
    found, runs = {}, []
    with nodes(2) as address:
        sides = {
            "one process, one thread": ("1", "local"),
            "one process, all threads": (None, "local"),
            "two workers": ("1", f"ray:{address}"),
        }
        for place, (side, (threads, engine)) in enumerate(sides.items()):
            command(folder / str(place), "0", steps, threads, "local")
            started = time.perf_counter()
            command(folder / str(place), "1, 2, 3, 4", steps, threads, engine)
            found[side] = time.perf_counter() - started
            runs.append({path.relative_to(folder / str(place)): path.read_bytes() for path in folder.glob(f"{place}/runs/**/*.trec")})
    assert runs[0] and runs[0] == runs[2], "the runs differ"
    return found


def command(folder: Path, seeds: str, steps: int, threads: str | None, engine: str) -> None:
    """Runs a grid."""
    folder.mkdir(exist_ok=True)
    (folder / "grid.yaml").write_text(GRID.format(seeds=seeds, steps=steps))
    where = ["--runs-dir", str(folder / "runs"), "--cache-dir", str(folder / "cache"), "--engine", engine]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {"OMP_NUM_THREADS": threads} if threads else {}
    line = [sys.executable, "-m", "optical_repro.grid", str(folder / "grid.yaml"), *where]
    subprocess.run(line, check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
