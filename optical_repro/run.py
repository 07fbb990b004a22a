"""``python -m optical_repro.run``: from a collection and parallel text to run files and a significance-tested report."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .base import children, languages
from .base.cache import Cache
from .base.files import make_folder
from .base.places import default_folder, unnamed_folder
from .base.terminal import Parser, log_path, run_command, say
from .bitext import filters, named
from .distill.recipe import LEARNING, OBJECTIVES, PRETRAINING, Recipe
from .encoders.convention import POOLING
from .encoders.models import EMBEDDED
from .experiment.settings import DEVICES, Settings
from .experiment.systems import System, choose, parse, parse_regimes
from .training_text.regimes import REGIMES
from .translate.translator import LEXICAL, TRANSLATOR_HELP

if TYPE_CHECKING:
    from .experiment.experiment import Experiment

EXAMPLES = """
examples:
  python -m optical_repro.run --lang yo --regime cs
      the embedded sample: Yorùbá topics, English passages, a student trained on code-switched text;
      10 to 20 minutes on two cores
  python -m optical_repro.run --lang sw --regime all
      all regimes, compared with each other
  python -m optical_repro.run --lang ha --regime cs,bt --collection my/folder --bitext my/ha-en.tsv
      a collection and parallel text of your own (README.md describes the folder)
  python -m optical_repro.run --lang sw --regime bt --translator facebook/nllb-200-distilled-600M
      topics and training text translated by a neural model from the Hugging Face Hub

Runs are written to runs/<collection>.<lang>.<split>/, with report.html in the same folder. Stages are cached: an interrupted
command resumes where it stopped if you run it again. Exit status: 0 done, 2 bad arguments or input, 1 any other error.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    regimes = "\n".join(f"  {name:8}{meaning}" for name, meaning in REGIMES.items())
    corpora = "\n".join(f"  {name:19}{meaning}" for name, meaning in named.DESCRIBED.items())
    dropped = "\n".join(f"  {name:11}{meaning}" for name, meaning in filters.FILTERS.items())
    objectives = "; ".join(f"{name}: {meaning}" for name, meaning in OBJECTIVES.items())
    learning = "; ".join(f"{name}: {meaning}" for name, meaning in LEARNING.items())
    pretraining = "; ".join(f"{name}: {meaning}" for name, meaning in PRETRAINING.items() if name != "none")
    settings = Settings()
    recipe = settings.recipe
    made = Parser(
        prog="python -m optical_repro.run",
        description="Trains a cross-lingual retriever by optimal-transport distillation and compares it with translate-then-retrieve.",
        epilog=f"regimes (where the training text comes from):\n{regimes}\n\ncorpora that --bitext downloads by name:\n{corpora}\n\n"
        f"filters (what --bitext-filter drops):\n{dropped}\n{EXAMPLES}",
    )
    what = made.add_argument_group("collection").add_argument
    what("--lang", required=True, metavar="CODE", help="the low-resource language (ISO 639: yo, sw, ha ...)")
    what(
        "--collection",
        default="sample",
        metavar="NAME",
        help="sample, a folder, a name that `python -m optical_repro.collections` lists, or an ir_datasets id (default: sample)",
    )
    what("--split", metavar="NAME", help="split of the topics: train, dev, test (default: the collection's usual one)")
    text = made.add_argument_group("training text").add_argument
    text("--regime", default="cs", metavar="R[,R...]", help="one or more of the regimes below, or `all` (default: cs)")
    text(
        "--bitext",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="parallel text: TSV (language TAB English), Moses pairs, TMX, JSONL, gzip accepted; or the name of a corpus listed below "
        "(default: the collection's own)",
    )
    text(
        "--bitext-filter",
        default="",
        metavar="F[,F...]",
        help="filters to apply, from the list below, or `all`; each prints how many pairs it dropped (default: none)",
    )
    text(
        "--lexicon",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="bilingual lexicons: MUSE (word translation), TSV with a weight, PanLex's TSV, or Wiktionary JSONL (kaikki.org); "
        "added to the lexicon from the parallel text and CLDR",
    )
    text("--translator", default=LEXICAL, metavar="NAME", help=TRANSLATOR_HELP)
    text(
        "--switch",
        type=float,
        default=settings.switch,
        metavar="P",
        help=f"probability that a word is code-switched (default: {settings.switch})",
    )
    text(
        "--in-domain",
        type=float,
        default=settings.in_domain,
        metavar="SHARE",
        help="share of the training pairs, in every regime, that are code-switched excerpts from the collection's English documents "
        f"(default: {settings.in_domain})",
    )
    how = made.add_argument_group("models, training and systems").add_argument
    how(
        "--teacher",
        default=EMBEDDED,
        metavar="NAME",
        help="English encoder: Hugging Face name, NAME@REVISION or folder (default: all-MiniLM-L6-v2, included)",
    )
    how("--pooling", choices=POOLING, help="how the teacher pools its token states (default: as its folder says, else mean)")
    how(
        "--prefixes",
        nargs=2,
        metavar=("QUERY", "PASSAGE"),
        help='text put before each query and passage, "query: " "passage: " for E5 (default: as its folder or name says)',
    )
    how(
        "--student",
        metavar="NAME",
        help="encoder that the student starts from, of any width and tokenizer: Hugging Face name or folder (default: the teacher)",
    )
    how("--objective", default=recipe.objective, metavar="A+B", help=f"training objectives (default: {recipe.objective}). {objectives}")
    how(
        "--pretrain",
        default="none",
        choices=PRETRAINING,
        help=f"pre-training before distillation; doubles the training steps (default: none). {pretraining}. "
        "The systems get names like optical-cs-after-mlm; --systems takes these names too, to compare with and without",
    )
    how(
        "--learns",
        default=recipe.learns,
        choices=LEARNING,
        help=f"which of the student's weights are trained: {learning} (default: {recipe.learns})",
    )
    how(
        "--no-lexical-init",
        action="store_true",
        help="keep the teacher's vocabulary; by default the language's words are added, with embeddings computed from their translations'",
    )
    how(
        "--no-respelling",
        action="store_true",
        help="turn spelling correction off; by default, topic words that neither lexicon nor documents have become the closest known word",
    )
    how(
        "--steps",
        type=int,
        default=recipe.steps,
        metavar="N",
        help=f"maximum training steps; small bitext uses fewer (default: {recipe.steps})",
    )
    how(
        "--systems",
        metavar="A,B",
        help="systems to run, such as bm25,dense-qt,optical-cs,optical-cs-maxsim; bm25-psq (searches all translations of each word at "
        "once); dense-nbest (the mean vector of many translations of a topic); human-lexicon (people's translations, keeping only words "
        "that the lexicon can translate); or Pyserini's own systems, with its prebuilt indexes: on MIRACL bm25-prebuilt, mdpr, "
        "mdpr-ft-all, mcontriever, bm25+mdpr, on CIRAL bm25-dt-prebuilt, mdpr, afriberta-dpr, bm25-dt+afriberta-dpr "
        "(default: those of bm25, bm25-qt, dense-zs, dense-qt, human and optical-<regime> that fit the collection, and fusions with BM25)",
    )
    how(
        "--bm25",
        nargs=2,
        type=float,
        default=settings.bm25,
        metavar=("K1", "B"),
        help=f"BM25's parameters; tune them on train or dev topics (default: Anserini's, {' '.join(map(str, settings.bm25))})",
    )
    how("--seed", type=int, default=recipe.seed, metavar="N", help=f"random seed (default: {recipe.seed})")
    how(
        "--device",
        default=settings.device,
        choices=DEVICES,
        help="device for the encoders (default: auto, a GPU if there is one)",
    )
    where = made.add_argument_group("folders").add_argument
    where("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="folder for run files and reports (default: runs)")
    where("--qrels-dir", type=Path, default=Path("qrels"), metavar="DIR", help="folder for judgements (default: qrels)")
    where(
        "--cache-dir",
        type=Path,
        default=default_folder(),
        metavar="DIR",
        help="folder for finished stages: indexes, students, runs (default: $OPTICAL_CACHE or ~/.cache/optical_repro)",
    )
    made.add_argument("--version", action="version", version=__version__)
    return made


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    command = shlex.join(["python", "-m", "optical_repro.run", *(sys.argv[1:] if argv is None else argv)])
    return run_command(lambda: run(arguments, command), arguments.cache_dir)


def run(arguments: argparse.Namespace, command: str) -> None:
    """The stages, one after the other."""
    experiment, systems = prepare(arguments)
    collection = experiment.collection
    topics, documents = languages.name(collection.lang), languages.name(collection.doc_lang)
    say(f"{collection.name}: {len(collection.topics)} topics in {topics}, documents in {documents}")
    say(f"{len(systems)} systems: {', '.join(system.name for system in systems)}")
    say("What was done before is taken from the cache. Ctrl-C loses nothing: the same command goes on from there.\n")

    from .experiment.publishing import publish_all
    from .records import cards as card

    compiling = compile_metrics_beside()
    folder, qrels = publish_all(experiment, systems, arguments.runs_dir, arguments.qrels_dir, command, vars(arguments))

    from .evaluation.report import write_report

    say("\nScoring and testing for significance ...\n")
    compiling.wait()
    say(write_report(folder, qrels, passages=collection.passages).text())
    card.write_all(folder)


def prepare(arguments: argparse.Namespace) -> tuple[Experiment, list[System]]:
    """The experiment and the systems asked for; raises InputError for arguments and input that are wrong, before any work."""
    settings, regimes, names = understood(arguments)

    from . import collections
    from .experiment.experiment import Experiment
    from .experiment.publishing import check_places

    collection = collections.load(arguments.collection, arguments.lang, arguments.split)
    systems = choose(names, regimes, collection, arguments.pretrain)
    experiment = Experiment(collection, settings, Cache(arguments.cache_dir))
    experiment.check(systems)
    check_places(experiment, systems, arguments.runs_dir, arguments.qrels_dir)
    for folder in (arguments.runs_dir, arguments.qrels_dir, arguments.cache_dir):
        make_folder(folder, " with --cache-dir" if folder == unnamed_folder() else "")
    return experiment, systems


def understood(arguments: argparse.Namespace) -> tuple[Settings, list[str], list[str] | None]:
    """The arguments as settings, regimes and systems' names; raises InputError for what cannot be, before any work."""
    languages.check(arguments.lang)
    regimes = parse_regimes(arguments.regime)
    names = arguments.systems.split(",") if arguments.systems else None
    for name in names or []:
        parse(name)
    recipe = Recipe(arguments.objective, arguments.steps, learns=arguments.learns, seed=arguments.seed)
    settings = Settings(
        teacher=arguments.teacher,
        pooling=arguments.pooling,
        prefixes=arguments.prefixes,
        student=arguments.student,
        bitext=arguments.bitext,
        bitext_filter=filters.parse(arguments.bitext_filter) if arguments.bitext_filter else (),
        lexicon=arguments.lexicon,
        translator=arguments.translator,
        recipe=recipe,
        switch=arguments.switch,
        in_domain=arguments.in_domain,
        bm25=arguments.bm25,
        spelling=not arguments.no_respelling,
        lexical_init=not arguments.no_lexical_init,
        device=arguments.device,
    )
    return settings, regimes, names


def compile_metrics_beside() -> subprocess.Popen[bytes]:
    """Starts the compilation of ranx's metrics in a process of its own: 20 s the first time, which training hides."""
    with log_path().open("ab") as log:
        return children.start("optical_repro.evaluation.warm_up", stdin=subprocess.DEVNULL, stdout=log, stderr=log)


if __name__ == "__main__":
    sys.exit(main())
