"""Training by several processes of this machine at once, joined into one by the Trainer: one on each GPU, or all on the processor.

Each process calls the same function. torch.distributed joins them (NCCL between GPUs, Gloo on a processor), and the variables that
torchrun would set tell the Trainer which of them it is in.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

WORK, MEETING, ERROR = "work.pickle", "meeting", "error."
"""Files that the processes share: what they call, where they find each other, and what each of them raised."""


def together(count: int, device: str, work: Callable[..., None], /, *arguments: Any, **options: Any) -> None:
    """Calls ``work`` in ``count`` processes at once, or here if ``count`` is 1.

    ``device`` is ``cpu``, whose threads the processes share, or ``cuda``: each process has a GPU, which is its ``cuda``. ``work``, its
    arguments and options must be what pickle takes. No process outlives this call, or this process. Raises the error that a process
    raised first, or RuntimeError if one was ended from outside.
    """
    if count == 1:
        work(*arguments, **options)
        return
    import torch

    threads = max(1, torch.get_num_threads() // count)
    spawning = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = []
    with TemporaryDirectory(prefix="optical-") as folder:
        place = Path(folder)
        (place / WORK).write_bytes(pickle.dumps((work, arguments, options)))
        try:
            with _deaf_to_interrupts():
                for rank in range(count):
                    process: BaseProcess = spawning.Process(target=_join, args=(place, rank, count, device, threads), daemon=True)
                    process.start()
                    processes.append(process)
            _wait(processes, place)
        finally:
            for process in processes:
                process.kill()
                process.join()


def gathered(values: torch.Tensor) -> torch.Tensor:
    """The values of all processes, one after another and without gradient: [b, ...] in each to [count * b, ...]."""
    import torch
    from torch import distributed

    parts = [torch.empty_like(values) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, values.detach().contiguous())
    return torch.cat(parts)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started here never hear Ctrl-C, which reaches all processes of a terminal: this one hears it, and ends them."""
    resource_tracker.ensure_running()  # Its start, else the first process's, would lift the block.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(processes: list[BaseProcess], place: Path) -> None:
    """Waits until all processes have ended; raises as soon as one fails."""
    running: dict[Any, BaseProcess] = {process.sentinel: process for process in processes}
    while running:
        for sentinel in connection.wait(list(running)):
            process = running.pop(sentinel)
            process.join()
            if process.exitcode:
                raise _failure(processes, place)


def _failure(processes: list[BaseProcess], place: Path) -> Exception:
    """Why the processes failed: one was ended from outside, or else the first error. The others fail because they lose that one."""
    for rank, process in enumerate(processes):
        if (process.exitcode or 0) < 0:
            how = signal.Signals(-int(process.exitcode or 0)).name
            return RuntimeError(
                f"training process {rank + 1} of {len(processes)} was ended by {how}, perhaps for want of memory; "
                "the same command goes on from the last checkpoint"
            )
    errors = sorted(place.glob(f"{ERROR}*"), key=lambda path: path.stat().st_mtime_ns)
    if not errors:
        return RuntimeError(f"one of {len(processes)} training processes did not start")
    error: Exception = pickle.loads(errors[0].read_bytes())
    return error


def _join(place: Path, rank: int, count: int, device: str, threads: int) -> None:
    """In a new process: joins the others, and calls the work."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ |= {name: str(rank) for name in ("RANK", "LOCAL_RANK")}
    os.environ |= {name: str(count) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE")}
    os.environ["OMP_NUM_THREADS"] = str(threads)  # Accelerate would choose another number.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Gloo greets there. The progress bar is on standard error.
    try:
        import torch
        from torch import distributed
        from tqdm import tqdm

        tqdm.set_lock(threading.RLock())  # Its own lock is shared by processes, and lost where one is killed: Python would say so.
        torch.set_num_threads(threads)
        if device != "cpu":
            torch.cuda.set_device(rank)
        meeting = distributed.FileStore(str(place / MEETING), count)
        distributed.init_process_group("gloo" if device == "cpu" else "nccl", store=meeting, rank=rank, world_size=count)
        work, arguments, options = pickle.loads((place / WORK).read_bytes())
        work(*arguments, **options)
        distributed.destroy_process_group()
    except Exception as error:
        error.add_note(traceback.format_exc())
        (place / f"{ERROR}{rank}").write_bytes(_pickled(error))
        sys.exit(1)


def _end_with(parent: BaseProcess) -> None:
    """Ends this process when its parent has ended, however that was."""
    parent.join()
    os._exit(1)


def _pickled(error: Exception) -> bytes:
    """An error as pickle; one that pickle does not take, as a RuntimeError with its words."""
    try:
        content = pickle.dumps(error)
        pickle.loads(content)
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return content
