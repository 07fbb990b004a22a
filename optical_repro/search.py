"""``python -m optical_repro.search``: searches a collection with a trained student."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout

from . import options
from .base import languages
from .base.cache import Cache
from .base.errors import InputError, bad_line
from .base.files import make_folder
from .base.terminal import Parser, run_command, say, utf8
from .base.words import words
from .encoders.models import EMBEDDED
from .records.checkpoints import find
from .searching import answers
from .searching.finder import Finder
from .searching.listing import listing

PORT = 8081
"""Of --serve; Pyserini's."""

EXPLAINED = """\
Searches a collection with a trained student. The topic is in the low-resource language and the documents are in English, or the
other way round, or both are in that language. Each hit shows its score (the cosine of the two vectors) and the part of the
passage that fits the topic best. Marked words are those that the transport plan aligns with the topic's words.

Unknown words of the topic (neither in the student's lexicon nor in the English documents) are spell-corrected to the closest
known word, if the student's runs did so; without a manifest, the topic stays as it is. Of a topic without any known word nothing is
shown. Hits are marked "no better than chance" if topics that mean nothing (made-up words) score as high: 95 % of those score less.

If you give no topic, the command asks for topics until you enter an empty line. You can also pipe topics in, one a line.
"""

EPILOG = """\
The documents are encoded once. If `python -m optical_repro.run` has made the index, it is used.

examples:
  python -m optical_repro.search --lang yo                       lists the students
  python -m optical_repro.search --lang yo --model runs/sample.yo.test/optical-cs.manifest.json
  python -m optical_repro.search --lang yo --model runs/sample.yo.test/optical-cs.manifest.json --hits 3 "Ta ló ń ṣe òfin?"
  python -m optical_repro.search --lang yo --json < topics.txt > answers.jsonl
  python -m optical_repro.search --lang yo --serve
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(prog="python -m optical_repro.search", description=EXPLAINED, epilog=EPILOG)
    add = parser.add_argument
    add("topic", nargs="?", help="what to search for (without it, the command asks)")
    options.add(
        add,
        *("lang", "collection", "split"),
        collection="a name, a folder or an ir_datasets id, as for optical_repro.run (default: sample)",
        split="split of the topics (default: the collection's usual one)",
    )
    add(
        "--model",
        metavar="STUDENT",
        help="folder of a student, or the manifest of one of its runs (without it, the only student of the language; several are listed)",
    )
    add("--teacher", metavar="NAME", help=f"the student's teacher, which encodes English (default: the manifest's, else {EMBEDDED})")
    add("--hits", type=int, default=5, metavar="N", help="hits to show (default: %(default)s)")
    add(
        "--json",
        action="store_true",
        help="print one JSON object a line a topic: query, read_as (as respelled), system, known (whether a word of it is), hits: "
        "docid, score, better_than_chance, title, text",
    )
    add(
        "--serve",
        nargs="?",
        type=int,
        const=PORT,
        metavar="PORT",
        help=f"serve on 127.0.0.1 until Ctrl-C: a page with a search box and Pyserini's REST interface for programs (default port: {PORT}; "
        "0: any free one)",
    )
    options.add(
        add,
        *("runs-dir", "cache-dir", "device", "index", "precision"),
        runs_dir="folder with the runs' manifests (default: %(default)s)",
        cache_dir="folder for indexes (default: the one of optical_repro.run)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: run(arguments), arguments.cache_dir)


def run(arguments: argparse.Namespace) -> None:
    """Searches for the topic, or for topics from the keyboard or a pipe."""
    if arguments.hits < 1:
        raise InputError(f"--hits {arguments.hits}: expected a number from 1")
    if arguments.topic is not None and not words(utf8(arguments.topic, "the topic")):
        raise InputError(f'no word in the topic "{arguments.topic}"; expected what to look for')
    if arguments.serve is not None and (arguments.topic is not None or arguments.json):
        raise InputError(f"--serve with {'--json' if arguments.json else 'a topic'}: give one of them")
    if arguments.serve is not None:
        serve(arguments)
        return
    # Programs read the answers, people what is said while the finder is made.
    with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
        finder = open_finder(arguments)
    prompt = "" if arguments.json else f"topic ({languages.name(finder.collection.lang)})> "
    for topic in [arguments.topic] if arguments.topic is not None else input_topics(prompt):
        answer = finder.find(topic, arguments.hits)
        if arguments.json:
            print_line(answers.line(answers.record(answer, finder.system)))
        else:
            say(listing(answer, finder) if words(topic) else f'no word in "{topic}"')


def serve(arguments: argparse.Namespace) -> None:
    """Serves the finder. Raises InputError if a library is missing or the port cannot be had."""
    try:
        from .searching import server
    except ModuleNotFoundError as error:
        raise InputError(f"--serve: {error.name} is not installed; run: pip install 'optical_repro[serve]'") from None
    with server.listen(arguments.serve) as listening:
        server.serve(open_finder(arguments), listening)


def open_finder(arguments: argparse.Namespace) -> Finder:
    """The finder that the arguments name. Raises InputError for a wrong student, collection, language or split."""
    lang = languages.canonical(arguments.lang)
    checkpoint = find(arguments.model, arguments.runs_dir, arguments.teacher, lang)
    make_folder(arguments.cache_dir)

    from . import collections

    collection = collections.load(arguments.collection, lang, arguments.split)
    return Finder(collection, checkpoint, Cache(arguments.cache_dir), arguments.device, arguments.index, arguments.precision)


def print_line(text: str) -> None:
    """Prints a line in UTF-8, whatever the terminal's encoding: that of JSON."""
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{text}\n".encode(errors="backslashreplace"))
    sys.stdout.buffer.flush()


def input_topics(prompt: str) -> Iterator[str]:
    """Topics from the keyboard until an empty line, or from a pipe. Raises InputError for bytes that are not UTF-8."""
    if not sys.stdin.isatty():
        for number, raw in enumerate(sys.stdin.buffer, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                byte = f"byte {error.object[error.start]:#04x} is not UTF-8"
                raise bad_line("standard input", number, byte, "topics in UTF-8, one a line") from None
            if line:
                yield line
        return
    import readline  # noqa: F401  (arrow keys in input)

    try:
        while topic := utf8(input(prompt), "what was typed").strip():
            yield topic
    except UnicodeDecodeError:
        raise InputError("what was typed is not UTF-8; set the terminal to UTF-8, or put the topic into the command") from None
    except (EOFError, KeyboardInterrupt):
        say()


if __name__ == "__main__":
    sys.exit(main())
