"""``python -m optical_repro.compare runs/NAME``: scores every run of a folder and tests which differences are significant."""

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
  python -m optical_repro.compare runs/sample.yo.test --metrics ndcg@20,recall@1000,rbp.95
  python -m optical_repro.compare runs/afriqa.*.test          (across languages)
  cp theirs.trec runs/sample.yo.test/ && python -m optical_repro.compare runs/sample.yo.test --baseline theirs
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: _compare(arguments))


def _compare(arguments: argparse.Namespace) -> None:
    from .evaluation.measures import parse
    from .evaluation.metrics import METRICS
    from .evaluation.report import Report, write_across, write_report
    from .evaluation.tables import topics_text
    from .experiment.systems import meaning

    _check_names(arguments.folders)
    metrics = parse(arguments.metrics) if arguments.metrics else METRICS
    reports: list[Report] = []
    for folder in arguments.folders:
        if reports:
            say()
        qrels = arguments.qrels_dir / f"{own_name(folder)}.txt"
        options = {"baseline": arguments.baseline, "test": arguments.test, "correction": arguments.correction}
        report = write_report(folder, qrels, **options, metrics=metrics, passages=_passages(folder), meaning=meaning)
        say(report.text())
        if text := topics_text(report.results):
            say("\n" + text)
        reports.append(report)
    if len(reports) > 1:
        say("\n" + write_across(reports, arguments.baseline, arguments.out or reports[0].folder.parent))


def _check_names(folders: list[Path]) -> None:
    """Raises InputError if two folders have the same name: they have the same topics, which would count twice."""
    by_name: dict[str, Path] = {}
    for folder in folders:
        name = own_name(folder)
        if name in by_name:
            remedy = "put the runs to be compared into one folder, each under a name of its own (cp other/system.trec first/system-2.trec)"
            raise InputError(f"{by_name[name]} and {folder} are both runs on {name}, the same topics; {remedy}")
        by_name[name] = folder


def _passages(folder: Path) -> Callable[[], Iterator[Passage]] | None:
    """The documents, for the report's topic browser, if a manifest names a collection that is unchanged on this disk."""
    from .records.manifest import described_collection, read_all

    manifests = read_all(folder)
    collection_record = described_collection(manifests)
    _, lang, split = f"..{own_name(folder)}".rsplit(".", 2)
    commands = [(manifest.get("arguments") or {}) for manifest in manifests.values()]
    # As the command named it: a folder's name may spell a split differently (mMARCO's dev/small is dev-small there).
    candidates = [
        (arguments["collection"], arguments["lang"], arguments.get("split"))
        for arguments in commands
        if arguments.get("collection") and arguments.get("lang")
    ]
    sources = [arguments.get("collection") for arguments in commands] + [collection_record.get("source")]
    languages = (collection_record.get("lang", lang), collection_record.get("doc_lang", lang), lang)
    candidates += [
        (name, code, split_name)
        for split_name in (collection_record.get("split", split), None)
        for name in sources
        if name
        for code in languages
    ]
    for location, *lang_and_split in dict.fromkeys(candidates):
        collection = _at_hand(location, folder, *lang_and_split)
        if collection and collection.digest == collection_record.get("digest", collection.digest):
            return collection.passages
    return None


def _at_hand(location: str, folder: Path, lang: str, split: str | None) -> Collection | None:
    """A collection that a manifest in ``folder`` names, if it is on this disk, else None."""
    from .base.languages import canonical
    from .base.published import find_file
    from .collections import SOURCES, load

    place = location if location in SOURCES else str(find_file(location, folder / "manifest"))
    if SOURCES[location].on_disk() if location in SOURCES else Path(place).is_dir():
        with suppress(InputError):  # moved or changed since: the report does without
            return load(place, canonical(lang), split)
    return None


def parser() -> argparse.ArgumentParser:
    """The command line."""
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
        "--metrics",
        metavar="M[,M]",
        help="measures of the tables, by ranx's names: ndcg@20, recall@1000, rbp.95, precision@10-l2 (relevant from grade 2) ...; MAP, "
        "which orders the systems, is always there (default: map,precision@5,precision@10,precision@20,ndcg@10,recall@100,mrr@10)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where across.html and the others of several folders go (default: beside the first folder)"
    )
    parser.add_argument("--qrels-dir", type=Path, default=Path("qrels"), metavar="DIR", help="where NAME.txt lies (default: %(default)s)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
