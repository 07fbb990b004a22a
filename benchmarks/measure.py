"""Shared by the benchmarks: runs of two or more sides in turn, their medians, a table, and a JSON file."""

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
    """By the clock, for each run."""
    processor_seconds: list[float]
    """Processor time of this process and its children, for each run."""


@dataclass(frozen=True)
class Result:
    """The result of a benchmark."""

    title: str
    count: int
    unit: str
    """The unit of ``count``: ``pairs``."""
    sides: list[Side]

    def rate(self, side: Side) -> float:
        """Units per second by the clock: the median over the runs."""
        return self.count / statistics.median(side.seconds)

    def ratio(self, fast: Side, slow: Side) -> tuple[float, float]:
        """How many times as fast ``fast`` is: the median over the rounds, by the clock and by processor time."""
        by_clock = [slow_time / fast_time for fast_time, slow_time in zip(fast.seconds, slow.seconds, strict=True)]
        by_processor = [slow_time / fast_time for fast_time, slow_time in zip(fast.processor_seconds, slow.processor_seconds, strict=True)]
        return statistics.median(by_clock), statistics.median(by_processor)


def parser(doc: str | None, name: str, **numbers: int) -> argparse.ArgumentParser:
    """The command line of a benchmark: description, runs, JSON file, and its own ``numbers`` by name."""
    command_line = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    command_line.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each side, in turn (default: %(default)s)")
    command_line.add_argument(
        "--json", type=Path, default=RESULTS / f"{name}.json", metavar="FILE", help="the results (default: benchmarks/results)"
    )
    for option, default in numbers.items():
        command_line.add_argument(f"--{option}", type=int, default=default, metavar="N", help="(default: %(default)s)")
    return command_line


Seconds = tuple[float, float]
"""By the clock, and of processor time."""


def timed(run: Callable[[], object]) -> Seconds:
    """The time of a call from start to end."""
    clock, processor = time.perf_counter(), _processor_time()
    run()
    return time.perf_counter() - clock, _processor_time() - processor


def timed_training(run: Callable[[], object]) -> Seconds:
    """The time of a call in the Hugging Face Trainer's ``train``, without loading and writing models."""
    from transformers import Trainer

    times: list[Seconds] = []
    train = Trainer.train

    def timed_train(self: Any, *arguments: Any, **options: Any) -> Any:
        outputs: list[Any] = []
        times.append(timed(lambda: outputs.append(train(self, *arguments, **options))))
        return outputs[0]

    with patch.object(Trainer, "train", timed_train):
        run()
    [seconds] = times
    return seconds


def in_turn(
    title: str,
    count: int,
    unit: str,
    runs: int,
    sides: Mapping[str, Callable[[], object]],
    clock: Callable[[Callable[[], object]], Seconds] = timed,
) -> Result:
    """Runs every side once unmeasured, then ``runs`` times in turn, so that other load on the machine affects all sides alike."""
    for run in sides.values():
        run()
    times: dict[str, list[Seconds]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, run in sides.items():
            gc.collect()  # so that this run does not clear away the garbage of the one before
            times[name].append(clock(run))
    return Result(title, count, unit, [Side(name, *map(list, zip(*rows, strict=True))) for name, rows in times.items()])


def _processor_time() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def report(results: Sequence[Result], ratios: Sequence[tuple[str, str]], path: Path) -> None:
    """Prints each side's median, and for each (one, other) pair of ``ratios`` how many times as fast one is; writes all to ``path``."""
    ratio_records = []
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
                ratio_records.append(
                    {"title": result.title, "one": one, "other": other, "by_clock": round(clock, 3), "by_processor": round(processor, 3)}
                )
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"threads": os.environ.get("OMP_NUM_THREADS", "not set"), "cores": os.cpu_count()}
    path.write_text(
        json.dumps({"settings": settings, "ratios": ratio_records, "results": [asdict(result) for result in results]}, indent=1) + "\n"
    )
    print(f"\nwrote {path}")
