"""Work on a Ray cluster: tasks, which Ray places on machines, and does again elsewhere when a machine is lost.

Every machine needs the same Python with the same packages, and the folders of the command (cache, collection, models) under the same paths.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from .engine import Item, Made

PASSED_ON = ("OPTICAL_", "HF_", "PYTHONPATH")
"""How names of environment variables begin that workers get too."""

REACHED_WITHIN = 10
"""Seconds for the head of a cluster to answer: Ray itself would try for minutes."""

WAITING = 2
"""Items handed out at a time, for each that the cluster can work on at once."""

KEPT = 2
"""Functions that a worker keeps ready, with their models: translated documents are encoded as they come."""

SHARED_MEMORY = "/dev/shm"
"""Where Ray keeps what processes of a machine share, on Linux."""


def store() -> str | None:
    """The folder for what nodes started here share in memory: None, Ray's own choice, unless that cannot be written."""
    return None if not os.path.isdir(SHARED_MEMORY) or os.access(SHARED_MEMORY, os.W_OK) else tempfile.gettempdir()


FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
"""Signals that a Java in this process raises and answers itself in the course of its work."""


@contextmanager
def _faults_as_before() -> Iterator[None]:
    """Puts back what answers ``FAULTS``: Ray answers them by ending the process, and the Java that runs Lucene would end it so."""
    sigaction = ctypes.CDLL(None).sigaction
    answers = {fault: ctypes.create_string_buffer(512) for fault in FAULTS}  # more than a struct sigaction is anywhere
    for fault, answer in answers.items():
        sigaction(int(fault), None, answer)
    try:
        yield
    finally:
        for fault, answer in answers.items():
            sigaction(int(fault), answer, None)


class OnRay:
    """A connection to a cluster.

    A task computes with as many threads as this process would, and reserves as many cores: sums in another order would change last
    digits. So its results are those of this process, to the bit, on processors of the same kind.
    """

    parallel = True

    def __init__(self, address: str | None) -> None:
        """Connects to the head at an address; None: the cluster of RAY_ADDRESS, or else one on this machine, started now."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray would take a GPU away from a process that reserves none, such as this one's own.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray
        import torch

        self._threads = torch.get_num_threads()
        variables = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        variables["OMP_NUM_THREADS"] = str(self._threads)
        self._name = "--engine ray" + (f":{address}" if address else "")
        try:
            if address and (place := re.fullmatch(r"(.+):(\d+)", address)) and "//" not in address:
                socket.create_connection((place[1], int(place[2])), timeout=REACHED_WITHIN).close()
            started_here = {} if address or "RAY_ADDRESS" in os.environ else {"_plasma_directory": store()}
            environment = {"env_vars": variables}
            with _faults_as_before():
                ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level="ERROR", **started_here)
        except (OSError, RuntimeError, ValueError, OverflowError) as error:
            said = str(error).strip().partition("\n")[0]
            raise InputError(f"{self._name}: no connection to a cluster ({said}); start its head with: ray start --head") from None
        self._check(0)

    def map(self, prepare: Callable[[], Callable[[Item], Made]], items: Iterable[Item], device: str = "cpu") -> Iterator[Made]:
        """As ``Engine.map``. On a GPU, each task has one for itself. Raises InputError if no machine has what a task needs."""
        import ray
        from ray import cloudpickle

        gpus = int(device == "cuda")
        self._check(gpus)
        # A worker that stays keeps its model; for tasks with GPUs the default is another.
        task = ray.remote(num_cpus=self._threads, num_gpus=gpus, max_calls=0)(_work)
        prepared, folder = ray.put(cloudpickle.dumps(prepare)), str(Path.cwd())
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(task.remote(folder, prepared, item))
            if len(waiting) >= WAITING * self._at_once(gpus):
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())

    def _at_once(self, gpus: int) -> int:
        """How many tasks the cluster can work on at a time, now."""
        import ray

        resources = ray.cluster_resources()
        return max(1, int(resources.get("GPU", 0) if gpus else resources.get("CPU", 0) // self._threads))

    def _check(self, gpus: int) -> None:
        """Raises InputError if no machine of the cluster can do a task: Ray would wait for one for ever."""
        import ray

        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if not any(machine.get("CPU", 0) >= self._threads and machine.get("GPU", 0) >= gpus for machine in machines):
            needs = f"{self._threads} cores, as many as this process has threads," + (" and a GPU" if gpus else "")
            fewer = "" if self._threads == 1 else "; OMP_NUM_THREADS=1 before the command makes it one"
            raise InputError(f"{self._name}: each task needs {needs} and no machine of the cluster has that{fewer}")


_ready: dict[bytes, Callable[[Any], Any]] = {}
"""In a worker: the functions of the last tasks, by what prepared them, the last used last."""


def _work(folder: str, prepared: bytes, item: Any) -> Any:
    """What a function makes of an item: a task."""
    from ray import cloudpickle

    os.chdir(folder)
    function = _ready.pop(prepared, None)
    while len(_ready) >= KEPT:
        _ready.pop(next(iter(_ready)))
    _ready[prepared] = function or cloudpickle.loads(prepared)()
    return _ready[prepared](item)


def _result(reference: Any) -> Any:
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, (InputError, OSError)):
            raise error.cause from None
        raise
