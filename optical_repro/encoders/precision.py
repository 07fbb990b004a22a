"""The numbers that models multiply: 32-bit floats, or 16-bit brain floats where a device has hardware for them."""

from __future__ import annotations

FLOAT32, BFLOAT16 = "float32", "bfloat16"

PRECISIONS = (FLOAT32, BFLOAT16)
"""Values of ``--precision``."""


def has_fast_bf16(device: str) -> bool:
    """Whether 16-bit brain floats are faster on a device: on GPUs and processors with hardware for them (on processors, AMX tiles).

    Processors with AVX-512's bf16 alone took twice as long with them as with 32-bit floats (benchmarks/precision.py).
    """
    import torch

    if device == "cpu":
        return torch.cpu._is_amx_tile_supported()
    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
