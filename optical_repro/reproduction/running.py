"""Runs a row's command from scratch, and measures its time and memory."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import children, downloads
from ..base.errors import InputError
from . import grid_report
from .recorded import DATA, Row

PATIENCE = 20
"""Seconds in which an interrupted command may end by itself."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and its cost."""

    status: int
    report: dict[str, Any]
    """The content of report.json, or a grid's report in that form; empty where the command failed."""
    seconds: float
    memory_mb: int
    """The most memory that one of its processes held."""


def with_data(row: Row, data: Path | None) -> list[str]:
    """The row's arguments with the user's folder of data; raises InputError for a missing file."""
    arguments = [argument.replace(DATA, str(data)) for argument in row.arguments]
    if row.module == "grid" and not Path(arguments[0]).is_file():
        raise InputError(f"{arguments[0]}: no such file; this row is for the top folder of a clone of the project")
    for argument, original in zip(arguments, row.arguments, strict=True):
        if DATA in original and not Path(argument).exists():
            raise InputError(f"{argument}: no such file or folder; --data (or $OPTICAL_DATA) names the folder that holds it")
    return arguments


def run(module: str, arguments: list[str], folder: Path, cache: Path) -> Outcome:
    """Runs ``optical_repro.<module>`` into ``folder``, which is emptied first; its output goes where that of this process goes."""
    if folder.exists():
        shutil.rmtree(folder)
    places = ["--runs-dir", str(folder), "--cache-dir", str(cache)]
    if module == "run":
        places += ["--qrels-dir", str(folder / "qrels")]
    started = time.monotonic()
    line = [sys.executable, "-m", f"optical_repro.{module}", *arguments, *places]
    # A row may have a cache of its own; all share the downloads.
    environment = {**os.environ, "OPTICAL_DOWNLOADS": str(downloads.folder().absolute())}
    # This process has no other threads, so that preexec_fn is safe.
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, env=environment, preexec_fn=children.die_with_parent)  # noqa: PLW1509
    # wait4 and not RUSAGE_CHILDREN, which is the maximum over all children so far, those of earlier rows included.
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except KeyboardInterrupt:  # a terminal's Ctrl-C reaches the command too, which ends; else it is killed
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    path = next(folder.glob("grid.json" if module == "grid" else "*/report.json"), None) if process.returncode == 0 else None
    report = json.loads(path.read_text(encoding="utf-8")) if path else {}
    if report and module == "grid":
        report = grid_report.as_report(report)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return Outcome(process.returncode, report, seconds, round(usage.ru_maxrss * unit / 2**20))


def machine() -> str:
    """This machine, its GPU if there is one, and its Python: ``Intel(R) Xeon(R) Processor @ 2.90GHz, 2 cores, 24 GB, Python 3.11.7``."""
    import torch

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gpu = f"{torch.cuda.get_device_name()}, " if torch.cuda.is_available() else ""
    return f"{gpu}{processor()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def processor() -> str:
    """The processor's name."""
    cpu_info = Path("/proc/cpuinfo")
    lines = cpu_info.read_text().splitlines() if cpu_info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
