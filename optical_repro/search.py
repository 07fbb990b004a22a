"""``python -m optical_repro.search``: searches a collection with a trained student."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import options
from .base import languages
from .base.cache import Cache
from .base.errors import InputError, bad_line
from .base.files import make_folder
from .base.terminal import Parser, run_command, say, utf8
from .base.words import words
from .encoders.models import EMBEDDED
from .experiment.settings import Settings
from .records.checkpoints import Checkpoint, find

if TYPE_CHECKING:
    from .collections import Collection, Passage
    from .encoders.reading import Reading
    from .lexicon.lexicon import Lexicon

EXPLAINED = """\
Searches a collection with a trained student. The topic is in the low-resource language and the documents are in English, or the
other way round, or both are in that language. Each hit shows its score (the cosine of the two vectors) and the part of the
passage that fits the topic best. Marked words are those that the transport plan aligns with the topic's words.

Unknown words of the topic (neither in the student's lexicon nor in the English documents) are spell-corrected to the closest
known word, if the student's runs did so; without a manifest, the topic stays as it is.

If you give no topic, the command asks for topics until you enter an empty line. You can also pipe topics in, one a line.
"""

EPILOG = """\
The documents are encoded once. If `python -m optical_repro.run` has made the index, it is used.

examples:
  python -m optical_repro.search --lang yo                       lists the students
  python -m optical_repro.search --lang yo --model runs/sample.yo.test/optical-cs.manifest.json
  python -m optical_repro.search --lang yo --model runs/sample.yo.test/optical-cs.manifest.json --hits 3 "Ta ló ń ṣe òfin?"
"""

EXCERPT = 320
"""Maximum length of the excerpt of a passage, in characters."""

STRONG = 0.75
"""A word of the passage is marked if its cosine is at least this share of the hit's best: the rest are mostly function words."""


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
    options.add(
        add,
        *("runs-dir", "cache-dir", "device"),
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
    lang = languages.canonical(arguments.lang)
    checkpoint = find(arguments.model, arguments.runs_dir, arguments.teacher, lang)
    make_folder(arguments.cache_dir)

    from . import collections

    collection = collections.load(arguments.collection, lang, arguments.split)
    finder = Finder(collection, checkpoint, Cache(arguments.cache_dir), arguments.device)
    for topic in [arguments.topic] if arguments.topic is not None else input_topics(f"topic ({languages.name(collection.lang)})> "):
        if not words(topic):
            say(f'no word in "{topic}"')
            continue
        query = finder.read(topic)
        hits = finder.find(topic, arguments.hits)
        unknown = finder.knows_nothing_of(query)
        say(
            (f"\nread as: {query}\n" if query != topic else "")
            + ("\nno word of it is known to the lexicon or the documents: these hits mean little\n" if unknown else "")
            + "\n"
            + "\n\n".join(f"{number}. {format_hit(hit)}" for number, hit in enumerate(hits, 1))
            + "\n"
        )


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


@dataclass(frozen=True)
class Hit:
    """A passage in a ranking."""

    passage: Passage
    score: float
    topic: Reading
    reading: Reading
    """The reading of the passage's title and text."""
    matches: list[tuple[int, int, float]]
    """(topic word, passage word, cosine), as ``TokenAlignment.matches`` gives them."""


class Finder:
    """A collection that is ready to search with a student."""

    def __init__(self, collection: Collection, checkpoint: Checkpoint, cache: Cache, device: str = "auto") -> None:
        """Takes the index from the cache, or builds it there.

        Raises InputError if student and teacher do not fit together, or if the student is known to be for another language.
        """
        from .collections.stored import StoredPassages
        from .encoders.text_encoder import TextEncoder
        from .experiment.experiment import Experiment
        from .lexicon.lexicon import read_lexicon
        from .retrieval import dense, respelling

        if checkpoint.lang and not languages.same(checkpoint.lang, collection.target):
            raise InputError(
                f"{checkpoint.folder}: the student was trained for {languages.name(str(checkpoint.lang))}; give --lang {checkpoint.lang}"
            )
        experiment = Experiment(collection, Settings(teacher=checkpoint.teacher, device=device), cache)
        topic_model, passage_model = (
            checkpoint.folder if lang != "en" else experiment.teacher for lang in (collection.lang, collection.doc_lang)
        )
        self.topic_encoder = TextEncoder(topic_model, experiment.models.device)
        self.passage_encoder = self.topic_encoder if topic_model == passage_model else TextEncoder(passage_model, experiment.models.device)
        if self.topic_encoder.dimension != self.passage_encoder.dimension:
            raise InputError(
                f"{topic_model} and {passage_model} have vectors of different lengths; give the student's own teacher with --teacher"
            )
        self.collection = collection
        self.index = dense.open_index(experiment.indexes.dense(passage_model) / "faiss")
        self.passages = StoredPassages(experiment.indexes.passages())
        self.lexicon: Lexicon | None = None
        if checkpoint.lexicon and respelling.applies_to(collection):
            if not checkpoint.lexicon.is_file():
                raise InputError(f"{checkpoint.lexicon}: no such file, and the student's topics are respelled by it; make its run again")
            self.lexicon = read_lexicon(checkpoint.lexicon, collection.target)
            self.words = experiment.indexes.lexical() / "lucene"

    def read(self, topic: str) -> str:
        """The query for a topic, respelled as for the student's runs: unknown words become the nearest known words."""
        topic = " ".join(topic.split())
        if self.lexicon is None:
            return topic
        from .lexicon.spelling import respell, unknown_words
        from .retrieval import respelling

        words = unknown_words([topic], self.lexicon)
        return respell(topic, respelling.spellings(words, self.lexicon, self.words, self.collection.doc_lang))

    def knows_nothing_of(self, topic: str) -> bool:
        """Whether no word of a topic is in the lexicon or the documents; False without a lexicon."""
        if self.lexicon is None:
            return False
        from .retrieval import bm25 as lexical

        known = {word for entry in self.lexicon.entries for word in entry.split()}
        topic_words = set(words(topic))
        return not topic_words & known and not lexical.indexed_words(self.words, self.collection.doc_lang, topic_words)

    def find(self, topic: str, most: int) -> list[Hit]:
        """The ``most`` passages nearest to a topic, best first."""
        from .base.trec import ranking
        from .distill.token_alignment import align_readings
        from .encoders.reading import read
        from .retrieval.dense import nearest

        topic = self.read(topic)
        vector = self.topic_encoder.encode([self.topic_encoder.convention.query_prefix + topic])
        scores = nearest(self.index, vector, ["topic"], k=most)["topic"]
        passages = self.passages.get(scores)
        topic_reading = read(self.topic_encoder, topic)
        hits = []
        for document, score in ranking(scores):
            passage = passages[document]
            reading = read(self.passage_encoder, " ".join(passage.contents.split()))
            matches = align_readings(topic_reading, reading).matches() if reading.pieces else []
            hits.append(Hit(passage, score, topic_reading, reading, matches))
        return hits


def format_hit(hit: Hit) -> str:
    """A hit as text for the terminal: title, score and id, excerpt, and the pairs of words that match."""
    from .base.marks import mark, marked

    width = min(shutil.get_terminal_size().columns, 110) - 4
    title = unicodedata.normalize("NFC", " ".join(hit.passage.title.split()))
    strongest = max((cosine for *_, cosine in hit.matches), default=0.0)
    strong = [(here, there, cosine) for here, there, cosine in hit.matches if cosine >= STRONG * strongest]
    weights: dict[tuple[int, int], float] = {}
    for _, there, cosine in strong:
        word = hit.reading.words[there]
        weights[word.start, word.end] = max(cosine, weights.get((word.start, word.end), 0.0))
    text_starts = len(title) + 1 if title else 0
    start, end = excerpt(hit.reading.text, text_starts, weights)
    spans = sorted((first - start, last - start) for first, last in weights if first >= start and last <= end)
    # Wrapping replaces blanks by line breaks, so the spans do not move.
    wrapped = "\n".join(textwrap.wrap(hit.reading.text[start:end], width, break_long_words=False, break_on_hyphens=False))
    body = ("… " if start > text_starts else "") + mark(wrapped, spans) + (" …" if end < len(hit.reading.text) else "")
    pairs = [f"{hit.topic.words[here].text} → {marked(hit.reading.words[there].text)} {cosine:.2f}" for here, there, cosine in strong]
    return "\n    ".join([f"{title or hit.passage.id}  {hit.score:.3f}  [{hit.passage.id}]", *body.split("\n"), ", ".join(pairs)])


def excerpt(text: str, begin: int, weights: dict[tuple[int, int], float]) -> tuple[int, int]:
    """Start and end of the ``EXCERPT`` characters after ``begin`` with the most weight, cut between words; all of a short text."""
    if len(text) - begin <= EXCERPT:
        return begin, len(text)
    starts = [begin, *(place + 1 for place in range(begin, len(text) - EXCERPT) if text[place] == " ")]

    def weight_after(start: int) -> float:
        return sum(weight for (first, last), weight in weights.items() if first >= start and last <= start + EXCERPT)

    start = max(starts, key=weight_after)
    end = start + EXCERPT
    return start, len(text) if end >= len(text) else text.rfind(" ", start, end + 1) if " " in text[start : end + 1] else end


if __name__ == "__main__":
    sys.exit(main())
