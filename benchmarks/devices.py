"""Passages a second encoded and sentence pairs a second trained on each device of this machine, and the share of its limit that is reached.

The limit is what the device itself gives in one large matrix product of the same number format. The floating-point operations of the
work are counted by PyTorch's own counter, in a run that is not timed. Text and models are the sample's, as `optical_repro.run` uses them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import measure

Clock = Callable[[Callable[[], object]], measure.Seconds]

SIZE = {"cpu": 2048, "cuda": 8192}
"""Rows and columns of the matrices of the product that gives the limit."""

TIMES = {"cpu": 1, "cuda": 16}
"""How often the passages are encoded, so that the time is not all start-up."""


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "devices", passages=2048, steps=50, batch=32).parse_args()

    import lesson
    import torch

    from optical_repro import collections
    from optical_repro.base.terminal import hush_transformers
    from optical_repro.distill.recipe import Recipe
    from optical_repro.encoders.precision import has_fast_bf16
    from optical_repro.encoders.text_encoder import TextEncoder
    from optical_repro.reproduction.running import processor

    hush_transformers()
    devices = {"cpu": f"{processor()}, {torch.get_num_threads()} threads"} | (
        {"cuda": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    )
    passages = [passage.contents for passage in collections.load("sample", "yo").passages()]
    texts = [passages[index % len(passages)] for index in range(arguments.passages)]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material = lesson.prepare(folder, arguments.steps * arguments.batch)
        for device, description in devices.items():
            fast = has_fast_bf16(device)
            trained_in = torch.bfloat16 if fast else torch.float32
            limits = {kind: limit(device, kind) for kind in {torch.float32, trained_in}}
            full, short = (partial(TextEncoder(material.teacher, device, bf16).encode, texts * TIMES[device]) for bf16 in (False, True))

            def train(device: str = device) -> None:
                lesson.train(material, Recipe(steps=arguments.steps, batch_size=arguments.batch), folder / "student", device)

            encoded, pairs = len(texts) * TIMES[device], len(material.pairs)
            works: list[tuple[str, Callable[[], object], int, str, Any, Clock]] = [
                ("encoding", full, encoded, "passages", torch.float32, measure.timed),
                ("training", train, pairs, "pairs", trained_in, measure.timed_training),
            ]
            if fast:
                works.insert(1, ("encoding", short, encoded, "passages", torch.bfloat16, measure.timed))
            for work, run, count, unit, kind, clock in works:
                operations = counted(run)
                seconds = sorted(clock(run)[0] for _ in range(arguments.runs))[arguments.runs // 2]
                rows.append(
                    {
                        "device": description,
                        "work": work,
                        "rate": round(count / seconds, 1),
                        "unit": f"{unit}/s",
                        "format": str(kind).removeprefix("torch."),
                        "tflops": round(operations / seconds / 1e12, 3),
                        "limit_tflops": round(limits[kind] / 1e12, 3),
                    }
                )
    print("| device | work | rate | format | TFLOP/s reached | of the limit |\n|---|---|---:|---|---:|---:|")
    for row in rows:
        reached = f"{row['tflops']:.2f} | {row['tflops'] / row['limit_tflops']:.0%}"
        print(f"| {row['device']} | {row['work']} | {row['rate']:,.0f} {row['unit']} | {row['format']} | {reached} |")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


def counted(run: Callable[[], object]) -> int:
    """The floating-point operations of the matrix products in a call."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def limit(device: str, kind: Any, products: int = 10) -> float:
    """Floating-point operations a second of a large square matrix product, the best of three rounds."""
    import torch

    size = SIZE[device]
    matrix = torch.randn(size, size, device=device).to(kind)
    best = 0.0
    for _ in range(4):
        wait(device)
        start = time.perf_counter()
        for _ in range(products):
            matrix @ matrix
        wait(device)
        best = max(best, 2 * size**3 * products / (time.perf_counter() - start))
    return best


def wait(device: str) -> None:
    """Waits until the device has done all that it was given."""
    import torch

    if device != "cpu":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
