"""Training in 16-bit brain floats against 32-bit floats on this processor: what ``encoders.precision.has_fast_bf16`` should say of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import measure

BF16, FP32 = "bf16", "fp32"


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "precision", steps=8, batch=32).parse_args()

    import lesson

    from optical_repro.distill import loop
    from optical_repro.distill.recipe import Recipe

    count = arguments.steps * arguments.batch
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material = lesson.prepare(folder, count)
        recipe = Recipe(steps=arguments.steps, batch_size=arguments.batch)

        def train(bf16: bool) -> None:
            with patch.object(loop, "has_fast_bf16", lambda device: bf16):
                lesson.train(material, recipe, folder / "student")

        sides = {BF16: lambda: train(True), FP32: lambda: train(False)}
        result = measure.in_turn("training", count, "pairs", arguments.runs, sides, measure.timed_training)
    measure.report([result], [(BF16, FP32)], arguments.json)
    print(f"has_fast_bf16 says {loop.has_fast_bf16('cpu')}")


if __name__ == "__main__":
    main()
