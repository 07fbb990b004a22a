"""``python -m optical_repro.compare runs/NAME``: scores every run of a folder and tells which differences are real."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .base.errors import InputError
from .base.files import own_name
from .base.terminal import Parser, run_command, say

if TYPE_CHECKING:
    from .collections.collection import Collection, Passage

EXPLAINED = """\
Reads every run of a folder, those of others too (*.trec, *.run or *.txt, gzip accepted: TREC's six columns, under the system's name),
scores them against qrels/NAME.txt, tests each difference over the topics, prints the table, and writes report.html
(a page to look at), .md, .tex, .csv and .json into the folder. Several folders are reported each, then side by side and
together, over all their topics, in across.html and the other formats.

examples:
  python -m optical_repro.compare runs/sample.yo.test
  python -m optical_repro.compare runs/sample.yo.test --baseline dense-zs --test student
  python -m optical_repro.compare runs/afriqa.*.test          (across languages)
  cp theirs.trec runs/sample.yo.test/ && python -m optical_repro.compare runs/sample.yo.test --baseline theirs
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = _parser().parse_args(argv)
    return run_command(lambda: _compare(arguments))


def _compare(arguments: argparse.Namespace) -> None:
    from .evaluation.report import Report, write_across, write_report
    from .evaluation.tables import topics_text

    _check_names(arguments.folders)
    reports: list[Report] = []
    for folder in arguments.folders:
        if reports:
            say()
        qrels = arguments.qrels_dir / f"{own_name(folder)}.txt"
        chosen = {"baseline": arguments.baseline, "test": arguments.test, "correction": arguments.correction}
        report = write_report(folder, qrels, **chosen, passages=_passages(folder))
        say(report.text())
        if told := topics_text(report.results):
            say("\n" + told)
        reports.append(report)
    if len(reports) > 1:
        say("\n" + write_across(reports, arguments.baseline, arguments.out or reports[0].folder.parent))


def _check_names(folders: list[Path]) -> None:
    """Raises InputError where two folders have one name: their topics are the same ones, and would count twice."""
    seen: dict[str, Path] = {}
    for folder in folders:
        name = own_name(folder)
        if name in seen:
            remedy = "put the runs to be compared into one folder, each under a name of its own (cp other/system.trec first/system-2.trec)"
            raise InputError(f"{seen[name]} and {folder} are both runs on {name}, the same topics; {remedy}")
        seen[name] = folder


def _passages(folder: Path) -> Callable[[], Iterator[Passage]] | None:
    """The documents, for the report's topic browser, where a manifest names a collection that is on this disk, unchanged."""
    from .evaluation.results import described_collection, read_manifests

    manifests = read_manifests(folder)
    told = described_collection(manifests)
    _, lang, split = f"..{own_name(folder)}".rsplit(".", 2)
    asked = [(manifest.get("arguments") or {}) for manifest in manifests.values()]
    # As it was asked for: a folder's name may tell a split otherwise (mMARCO's dev/small is dev-small there).
    ways = [(given["collection"], given["lang"], given.get("split")) for given in asked if given.get("collection") and given.get("lang")]
    named = [given.get("collection") for given in asked] + [told.get("source")]
    either = (told.get("lang", lang), told.get("doc_lang", lang), lang)
    ways += [(name, code, which) for which in (told.get("split", split), None) for name in named if name for code in either]
    for location, *which in dict.fromkeys(ways):
        collection = _at_hand(location, folder, *which)
        if collection and collection.digest == told.get("digest", collection.digest):
            return collection.passages
    return None


def _at_hand(location: str, folder: Path, lang: str, split: str | None) -> Collection | None:
    """A collection that a manifest in ``folder`` names, where it is on this disk."""
    from .base.languages import canonical
    from .base.published import find_file
    from .collections import SOURCES, load

    place = location if location in SOURCES else str(find_file(location, folder / "manifest"))
    if SOURCES[location].on_disk() if location in SOURCES else Path(place).is_dir():
        with suppress(InputError):  # moved or changed since: the report does without
            return load(place, canonical(lang), split)
    return None


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m optical_repro.compare", description=EXPLAINED)
    parser.add_argument("folders", nargs="+", type=Path, metavar="runs/NAME", help="folder of runs, named <collection>.<lang>.<split>")
    parser.add_argument(
        "--baseline",
        metavar="SYSTEM",
        help="compare all others with this one (default: all pairs; the marks then refer to the best system that translates first)",
    )
    parser.add_argument(
        "--test",
        choices=["fisher", "student", "tukey"],
        default="fisher",
        help="randomization test, paired t-test, or randomized Tukey HSD over all systems (default: %(default)s)",
    )
    parser.add_argument(
        "--correction",
        choices=["holm", "bonferroni", "none"],
        default="holm",
        help="of p for the number of pairs, within each metric; Tukey's test needs none (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where across.html and the others of several folders go (default: beside the first folder)"
    )
    parser.add_argument("--qrels-dir", type=Path, default=Path("qrels"), metavar="DIR", help="where NAME.txt lies (default: %(default)s)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
