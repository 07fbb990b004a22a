"""Runs a row's command from nothing, and measures it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import downloads
from ..base.errors import InputError
from . import grid_report
from .recorded import DATA, Row


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it took."""

    status: int
    report: dict[str, Any]
    """report.json's content, or in its form a grid's; empty where the command failed."""
    seconds: float
    memory_mb: int
    """Most that one process of it held in memory."""


def with_data(row: Row, data: Path | None) -> list[str]:
    """The row's arguments with the user's folder of data; raises InputError for a file that is not there."""
    arguments = [argument.replace(DATA, str(data)) for argument in row.arguments]
    if row.module == "grid" and not Path(arguments[0]).is_file():
        raise InputError(f"{arguments[0]}: no such file; this row is for the top folder of a clone of the project")
    for argument, written in zip(arguments, row.arguments, strict=True):
        if DATA in written and not Path(argument).exists():
            raise InputError(f"{argument}: no such file or folder; --data (or $OPTICAL_DATA) names the folder that holds it")
    return arguments


def run(module: str, arguments: list[str], folder: Path, cache: Path) -> Outcome:
    """Runs ``optical_repro.<module>`` into ``folder``, which is emptied first; what it prints goes where this process prints."""
    if folder.exists():
        shutil.rmtree(folder)
    places = ["--runs-dir", str(folder), "--cache-dir", str(cache)]
    if module == "run":
        places += ["--qrels-dir", str(folder / "qrels")]
    started = time.monotonic()
    line = [sys.executable, "-m", f"optical_repro.{module}", *arguments, *places]
    # The row's cache may be its own; what is downloaded is for all.
    environment = {**os.environ, "OPTICAL_DOWNLOADS": str(downloads.folder().absolute())}
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, env=environment)
    # wait4 and not RUSAGE_CHILDREN: that one is the most of all children so far, the rows before included.
    try:
        _, status, used = os.wait4(process.pid, 0)
    except KeyboardInterrupt:  # which the command gets too, and ends on
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    found = next(folder.glob("grid.json" if module == "grid" else "*/report.json"), None) if process.returncode == 0 else None
    report = json.loads(found.read_text(encoding="utf-8")) if found else {}
    if report and module == "grid":
        report = grid_report.as_report(report)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return Outcome(process.returncode, report, seconds, round(used.ru_maxrss * unit / 2**20))


def machine() -> str:
    """This machine and its Python: ``Intel(R) Xeon(R) Processor @ 2.90GHz, 2 cores, 24 GB, Python 3.11.7``."""
    processor = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line.split(":", 1)[1].strip() for line in described.read_text().splitlines() if line.startswith("model name")]
        processor = names[0] if names else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"
