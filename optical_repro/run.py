"""``python -m optical_repro.run``: from a collection and parallel text to run files and a significance-tested report."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from . import __version__, options
from .base import children, languages
from .base.cache import Cache
from .base.errors import InputError
from .base.files import make_folder
from .base.places import usual_folder
from .base.terminal import log_path, run_command, say
from .bitext import filters, named
from .experiment.systems import System, choose
from .training_text.regimes import meanings

if TYPE_CHECKING:
    from .experiment.experiment import Experiment

EXAMPLES = """
examples:
  python -m optical_repro.run --lang yo --regime cs
      the embedded sample: Yorùbá topics, English passages, a student trained on code-switched text; about 3 minutes
  python -m optical_repro.run --lang sw --regime all
      all regimes, compared with each other
  python -m optical_repro.run --lang ha --regime cs,bt --collection my/folder --bitext my/ha-en.tsv
      a collection and parallel text of your own (README.md describes the folder)
  python -m optical_repro.run --config my.yaml --seed 2
      options from a file that has, for example, the lines lang: ha, regime: cs,bt and bitext: my/ha-en.tsv
  python -m optical_repro.run --lang sw --regime bt --translator facebook/nllb-200-distilled-600M
      topics and training text translated by a neural model from the Hugging Face Hub

Runs are written to runs/<collection>.<lang>.<split>/, with report.html in the same folder. Stages are cached: an interrupted
command resumes where it stopped if you run it again. Exit status: 0 done, 2 bad arguments or input, 1 any other error.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    corpora = "\n".join(f"  {name:19}{meaning}" for name, meaning in named.DESCRIBED.items())
    filter_list = "\n".join(f"  {name:11}{meaning}" for name, meaning in filters.FILTERS.items())
    parser = options.of_run(
        description="Trains a cross-lingual retriever by optimal-transport distillation and compares it with translate-then-retrieve.",
        epilog=f"regimes (where the training text comes from):\n{meanings()}\n\ncorpora that --bitext downloads by name:\n{corpora}\n\n"
        f"filters (what --bitext-filter drops):\n{filter_list}\n{EXAMPLES}",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--config", type=Path, metavar="FILE.yaml", help="options from a file, such as lang: yo; those of the command line come before them"
    )
    parser.add_argument("--show-config", action="store_true", help="print all options, as a file for --config, and do nothing else")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    typed = sys.argv[1:] if argv is None else argv
    try:
        line = with_config(typed)
    except InputError as error:
        return run_command(partial(_raise, error))
    arguments = parser().parse_args(line)
    if arguments.config:  # abbreviated
        parser().error(f"--config {arguments.config}: write --config in full")
    del arguments.config
    if arguments.show_config:
        return run_command(lambda: say(options.as_yaml(arguments).rstrip("\n")))
    del arguments.show_config
    command = shlex.join(["python", "-m", "optical_repro.run", *line])
    return run_command(lambda: run(arguments, command), arguments.cache_dir)


def with_config(line: Sequence[str]) -> list[str]:
    """A command line with the options of its --config in the place of that, before all others."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", type=Path, nargs="?")
    found, others = finder.parse_known_args(line)
    return [*options.of_file(found.config), *others] if found.config else [*line]


def _raise(error: Exception) -> NoReturn:
    raise error


def run(arguments: argparse.Namespace, command: str) -> None:
    """Runs the systems, then writes the report and the model cards."""
    experiment, systems = prepare(arguments)
    collection = experiment.collection
    topics, documents = languages.name(collection.lang), languages.name(collection.doc_lang)
    say(f"{collection.name}: {len(collection.topics)} topics in {topics}, documents in {documents}")
    say(f"{len(systems)} systems: {', '.join(system.name for system in systems)}")
    say("What was done before is taken from the cache. Ctrl-C loses nothing: the same command goes on from there.\n")

    from .cards import card
    from .experiment.publishing import publish_all

    compilation = compile_metrics_beside()
    folder, qrels = publish_all(experiment, systems, arguments.runs_dir, arguments.qrels_dir, command, vars(arguments))

    from .evaluation.report import write_report
    from .experiment.systems import meaning

    say("\nScoring and testing for significance ...\n")
    compilation.wait()
    say(write_report(folder, qrels, passages=collection.passages, meaning=meaning).text())
    card.write_all(folder)
    say(next_steps(arguments, folder, systems))


def next_steps(arguments: argparse.Namespace, folder: Path, systems: Sequence[System]) -> str:
    """Where the first student is, and what can be done with it; empty without one."""
    system = next((system for system in systems if system.regime and system.bare), None)
    if system is None:
        return ""
    manifest = folder / f"{system.name}.manifest.json"
    usual = parser()
    search = ["python", "-m", "optical_repro.search", "--lang", arguments.lang, "--model", str(manifest)]
    for name in ("collection", "split", "cache_dir", "index", "precision"):
        value = getattr(arguments, name)
        if value != usual.get_default(name):
            search += [f"--{name.replace('_', '-')}", str(value)]
    export = ["python", "-m", "optical_repro.export", str(manifest), f"students/{system.name}-{arguments.lang}"]
    return f"\nSearch with the student of {system.name}:\n  {shlex.join(search)}\nTake it elsewhere:\n  {shlex.join(export)}"


def prepare(arguments: argparse.Namespace) -> tuple[Experiment, list[System]]:
    """The experiment and its systems. Raises InputError, before any work, for wrong arguments or input."""
    settings, regimes, names = options.read(arguments)

    from . import collections
    from .experiment.experiment import Experiment
    from .experiment.publishing import check_places

    collection = collections.load(arguments.collection, arguments.lang, arguments.split)
    systems = choose(names, regimes, collection, arguments.pretrain)
    experiment = Experiment(collection, settings, Cache(arguments.cache_dir))
    experiment.check(systems)
    check_places(experiment, systems, arguments.runs_dir, arguments.qrels_dir)
    for folder in (arguments.runs_dir, arguments.qrels_dir, arguments.cache_dir):
        make_folder(folder, " with --cache-dir" if folder == usual_folder() else "")
    return experiment, systems


def compile_metrics_beside() -> subprocess.Popen[bytes]:
    """Compiles ranx's metrics in a process of its own during training: 20 s the first time."""
    with log_path().open("ab") as log:
        return children.start("optical_repro.evaluation.warm_up", stdin=subprocess.DEVNULL, stdout=log, stderr=log)


if __name__ == "__main__":
    sys.exit(main())
