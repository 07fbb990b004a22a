"""Memory that is free goes back to the system."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

import pytest

from optical_repro.experiment.stages import free_memory


def resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no malloc_trim")
def test_freed_blocks_go_back_though_others_stand_between_them() -> None:
    blocks = [bytearray(100_000) for _ in range(2000)]  # too small for maps of their own, which free() would give back at once
    kept = blocks[::20]
    del blocks
    before = resident()
    free_memory()
    assert before - resident() > 100_000_000
    assert all(len(block) == 100_000 for block in kept)
