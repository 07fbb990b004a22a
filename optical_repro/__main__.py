"""``python -m optical_repro``: lists the commands, and runs each by its name: ``python -m optical_repro run ...``."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Any, NoReturn

from .base.errors import InputError, unknown
from .base.terminal import run_command, say

COMMANDS = {
    "run": "trains a cross-lingual retriever and compares it with translate-then-retrieve: runs, a report, a page",
    "compare": "scores every run of a folder, and tells which differences are real",
    "search": "looks things up in a collection with a trained student",
    "export": "copies a trained student out of the cache, for sentence-transformers, Pyserini and other machines",
    "align": "shows the transport plan between a sentence and its translation",
    "regimes": "shows the training pairs that a regime makes",
    "collections": "lists the collections known by name",
    "grid": "trains every combination of a grid, and tells which factor matters",
    "reproduce": "makes the recorded tables again, and checks their numbers",
    "pyserini": "Pyserini's commands with a student's encoder; a student's model card; a student onto the Hub",
}

SHELLS = ("bash", "zsh", "tcsh")

PACKAGES = ("collections",)
"""Commands whose module is ``__main__`` in a package."""


def main(argv: list[str] | None = None) -> int:
    """Runs a command by its name; returns its exit status. Without a command, or with --help, lists the commands.

    Options without a command go to ``run``, as in earlier versions.
    """
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        commands = "\n".join(f"  {command:{width}}  {meaning}" for command, meaning in COMMANDS.items())
        usage = "usage: python -m optical_repro COMMAND ...     (or: optical-repro COMMAND ...)"
        script = f'--completion {"|".join(SHELLS)} prints a script for the shell: eval "$(optical-repro --completion bash)"'
        say("\n\n".join([usage, commands, f"COMMAND --help tells what it takes.\n{script}"]))
        return 0
    if name == "--version":
        from . import __version__

        say(__version__)
        return 0
    if name == "--completion":
        return run_command(lambda: say(completion(*arguments)))
    if name.startswith("-"):
        name, arguments = "run", [name, *arguments]
    if name not in COMMANDS:
        return run_command(lambda: _refuse(name))
    return int(_module(name).main(arguments))


def completion(shell: str = "", *others: str) -> str:
    """A script by which a shell completes commands and options. Raises InputError for another shell, and without shtab."""
    if shell not in SHELLS or others:
        raise InputError(f"--completion {' '.join([shell, *others])}: expected one of {', '.join(SHELLS)}")
    try:
        import shtab
    except ModuleNotFoundError:
        raise InputError("--completion: shtab is not installed; run: pip install 'optical_repro[completion]'") from None
    whole = argparse.ArgumentParser(prog="optical-repro")
    commands = whole.add_subparsers()
    for name, meaning in COMMANDS.items():
        parser = _module("share" if name == "pyserini" else name).parser()  # the others of pyserini are Pyserini's
        commands.add_parser(name, help=meaning, parents=[parser], add_help=False)
    return str(shtab.complete(whole, shell))


def _module(name: str) -> Any:
    """The module of a command."""
    return importlib.import_module(f".{name}.__main__" if name in PACKAGES else f".{name}", __package__)


def _refuse(name: str) -> NoReturn:
    raise unknown("command", name, COMMANDS, "(python -m optical_repro says what each does)")


if __name__ == "__main__":
    sys.exit(main())
