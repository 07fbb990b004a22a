"""``python -m optical_repro.regimes``: shows the training pairs of a regime, before any training."""

from __future__ import annotations

import argparse
import sys
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from . import options
from .base.cache import Cache
from .base.errors import InputError
from .base.files import make_folder
from .base.terminal import Parser, run_command, say
from .experiment.systems import optical_name, parse, parse_regimes
from .training_text.regimes import REGIMES, meanings

if TYPE_CHECKING:
    from .experiment.experiment import Experiment

EXPLAINED = """\
Shows training pairs: the student's text, and below it the English teacher's text. Switched words in code-switched sentences
are marked: in colour on a terminal, between *asterisks* elsewhere. They come from the lexicon, in lower case and without
diacritics, as the student sees every word. `python -m optical_repro.run` with the same options trains on these pairs; this command
trains nothing.
"""

EXAMPLES = """
examples:
  python -m optical_repro.regimes --lang yo --regime cs --show 20
  python -m optical_repro.regimes --lang sw --regime all --show 3 --switch 0.8
  python -m optical_repro.regimes --lang ha --regime bt --collection my/folder --bitext my/ha-en.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(prog="python -m optical_repro.regimes", description=EXPLAINED, epilog=f"regimes:\n{meanings()}\n{EXAMPLES}")
    add = parser.add_argument
    options.add(add, "lang", "regime")
    add("--show", type=int, default=10, metavar="N", help="number of pairs to show, evenly spread (default: %(default)s)")
    options.add(
        add,
        *("switch", "switching", "in-domain", "in-domain-by", "monolingual", "collection", "split"),
        *("bitext", "with", "bitext-filter", "lexicon", "translator", "seed", "cache-dir"),
        in_domain="share of the pairs that are excerpts from the collection's documents (default: %(default)s)",
        collection="source of the bitext if --bitext is not given (default: sample)",
        split="split of the topics (default: the collection's usual one)",
        bitext="parallel text (default: the collection's own)",
        bitext_filter="filters to apply, as for python -m optical_repro.run (default: none)",
        lexicon="bilingual lexicons, added to the one from the parallel text and CLDR",
        cache_dir="folder for the lexicon (default: the one of optical_repro.run)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: show(arguments), arguments.cache_dir)


def show(arguments: argparse.Namespace) -> None:
    """Computes the pairs of each regime and prints some of them."""
    regimes = parse_regimes(arguments.regime)
    if arguments.show < 1:
        raise InputError(f"--show {arguments.show}: expected a number from 1")

    from . import collections
    from .base import languages
    from .experiment.check import check_text
    from .experiment.experiment import Experiment

    languages.check(arguments.lang)
    make_folder(arguments.cache_dir)
    collection = collections.load(arguments.collection, arguments.lang, arguments.split)
    experiment = Experiment(collection, options.settings(arguments), Cache(arguments.cache_dir))
    check_text(experiment, [parse(optical_name(regime)) for regime in regimes])
    for regime in regimes:
        preview(experiment, regime, arguments.show)


def preview(experiment: Experiment, regime: str, most: int) -> None:
    """Prints up to ``most`` pairs of a regime, evenly spread, and the share of switched words."""
    from .base.marks import mark

    pairs = experiment.training_pairs(regime)
    say(f"\n{regime}: {REGIMES[regime].meaning}")
    if not pairs:
        return
    # A text that is no sentence of the bitext, nor machine-translated, is the teacher's text with some words switched.
    whole = {pair.target for pair in experiment.learnt.pairs} | experiment.text.machine_made
    spans = [[] if pair.student in whole else changes(pair.student, pair.teacher) for pair in pairs]
    code_switched = [(pair, places) for pair, places in zip(pairs, spans, strict=True) if pair.student not in whole]
    words = sum(len(pair.student.split()) for pair, _ in code_switched)
    switched_words = sum(len(pair.student[start:end].split()) for pair, places in code_switched for start, end in places)
    say(
        f"{len(pairs):,} pairs"
        + (f"; {switched_words / words:.0%} of the words in {len(code_switched):,} sentences are switched" if words else "")
        + "\n"
    )
    count = min(most, len(pairs))
    for place in (number * len(pairs) // count for number in range(count)):
        say(f"  student  {mark(pairs[place].student, spans[place])}")
        say(f"  teacher  {pairs[place].teacher}\n")


def changes(text: str, original: str) -> list[tuple[int, int]]:
    """The parts of a text, as (start, end) in characters, whose words differ from the original's.

    >>> changes("The sarki of Kano", "The king of Kano")
    [(4, 9)]
    """
    from .base.words import tokens

    ours, theirs = tokens(text), tokens(original)
    matcher = SequenceMatcher(None, [token.text for token in theirs], [token.text for token in ours], autojunk=False)
    return [(ours[start].start, ours[end - 1].end) for kind, _, _, start, end in matcher.get_opcodes() if kind != "equal" and start < end]


if __name__ == "__main__":
    sys.exit(main())
