"""What the benchmarks share: runs of two or more sides in turn, their medians, a table, and a JSON file."""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Side:
    """One of the programs compared, over several runs."""

    name: str
    seconds: list[float]
    """By the clock, of each run."""
    processor_seconds: list[float]
    """Of this process and its children, of each run."""


@dataclass(frozen=True)
class Result:
    """What a benchmark found."""

    title: str
    count: int
    unit: str
    """What is counted: ``pairs``."""
    sides: list[Side]

    def rate(self, side: Side) -> float:
        """Median of the units a second, by the clock."""
        return self.count / statistics.median(side.seconds)

    def ratio(self, fast: Side, slow: Side) -> tuple[float, float]:
        """How many times as fast: the median over the rounds, by the clock and by processor time."""
        by_clock = [there / here for here, there in zip(fast.seconds, slow.seconds, strict=True)]
        by_processor = [there / here for here, there in zip(fast.processor_seconds, slow.processor_seconds, strict=True)]
        return statistics.median(by_clock), statistics.median(by_processor)


def parser(doc: str | None, name: str, **numbers: int) -> argparse.ArgumentParser:
    """The command line of a benchmark: what it does, runs, where the JSON goes, and ``numbers`` of its own by name."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each side, in turn (default: %(default)s)")
    made.add_argument(
        "--json", type=Path, default=RESULTS / f"{name}.json", metavar="FILE", help="the results (default: benchmarks/results)"
    )
    for option, default in numbers.items():
        made.add_argument(f"--{option}", type=int, default=default, metavar="N", help="(default: %(default)s)")
    return made


Seconds = tuple[float, float]
"""By the clock, and of the processor."""


def timed(run: Callable[[], object]) -> Seconds:
    """What a call takes from start to end."""
    clock, processor = time.perf_counter(), _processor_time()
    run()
    return time.perf_counter() - clock, _processor_time() - processor


def timed_training(run: Callable[[], object]) -> Seconds:
    """What a call spends in the Hugging Face Trainer's ``train``, loading and writing of models left out."""
    from transformers import Trainer

    taken: list[Seconds] = []
    train = Trainer.train

    def clocked(self: Any, *arguments: Any, **options: Any) -> Any:
        made: list[Any] = []
        taken.append(timed(lambda: made.append(train(self, *arguments, **options))))
        return made[0]

    with patch.object(Trainer, "train", clocked):
        run()
    [once] = taken
    return once


def in_turn(
    title: str,
    count: int,
    unit: str,
    runs: int,
    sides: Mapping[str, Callable[[], object]],
    clock: Callable[[Callable[[], object]], Seconds] = timed,
) -> Result:
    """Runs every side once unmeasured, then ``runs`` times in turn, so that what else the machine does falls on all alike."""
    for run in sides.values():
        run()
    taken: dict[str, list[Seconds]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, run in sides.items():
            gc.collect()  # what the run before left is not this one's to clear away
            taken[name].append(clock(run))
    return Result(title, count, unit, [Side(name, *map(list, zip(*rows, strict=True))) for name, rows in taken.items()])


def _processor_time() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def report(results: Sequence[Result], ratios: Sequence[tuple[str, str]], path: Path) -> None:
    """Prints the medians of every side, and for each (one, other) pair of ``ratios`` how many times as fast one is; writes both."""
    found = []
    for result in results:
        print(f"\n{result.title}: {result.count:,} {result.unit}, median of {len(result.sides[0].seconds)} runs in turn")
        width = max(len(side.name) for side in result.sides)
        for side in result.sides:
            print(f"  {side.name:{width}}  {result.rate(side):10.1f} {result.unit}/s  {statistics.median(side.seconds):8.2f} s")
        by_name = {side.name: side for side in result.sides}
        for one, other in ratios:
            if one in by_name and other in by_name:
                clock, processor = result.ratio(by_name[one], by_name[other])
                print(f"  {one} / {other}: {clock:.2f} x by the clock, {processor:.2f} x by processor time")
                found.append(
                    {"title": result.title, "one": one, "other": other, "by_clock": round(clock, 3), "by_processor": round(processor, 3)}
                )
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"threads": os.environ.get("OMP_NUM_THREADS", "not set"), "cores": os.cpu_count()}
    path.write_text(json.dumps({"settings": settings, "ratios": found, "results": [asdict(result) for result in results]}, indent=1) + "\n")
    print(f"\nwrote {path}")
