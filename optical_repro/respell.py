"""Topics as the runs of a student read them, for those who search with it elsewhere: ``python -m optical_repro.pyserini respell``."""

from __future__ import annotations

import argparse
from pathlib import Path

from .base import languages
from .base.errors import InputError
from .base.files import whole
from .base.terminal import say
from .cards.evaluation import LEXICON
from .records.checkpoints import find

EXPLAINED = """\
Respells topics as the runs of a student did.

A word that neither the student's lexicon nor the English documents have is read as
the nearest word of the lexicon. Searching for what it writes, the student gives what the card's rows of runs say.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the command takes besides the student."""
    parser.add_argument("--lang", required=True, metavar="CODE", help="the topics' language")
    parser.add_argument("--topics", required=True, type=Path, metavar="FILE", help="id TAB text a line")
    parser.add_argument("--corpus", required=True, type=Path, metavar="FILE", help='the English documents: {"id", "title", "text"} a line')
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="where the respelled topics go")


def run(arguments: argparse.Namespace) -> None:
    """Writes the respelled topics, and says how many of them are not as they were."""
    lang = languages.canonical(arguments.lang)

    from .collections import corpus
    from .collections.topics import read_topics
    from .lexicon.lexicon import read_lexicon
    from .lexicon.spelling import respell
    from .retrieval import respelling

    topics = read_topics(arguments.topics)
    lexicon = read_lexicon(_lexicon(arguments), lang)
    spellings = respelling.spellings_without_index(topics.values(), lexicon, corpus.passages(arguments.corpus), "en")
    respelled = {topic: respell(text, spellings) for topic, text in topics.items()}
    with whole(arguments.output) as file:
        file.writelines(f"{topic}\t{text}\n" for topic, text in respelled.items())
    say(f"{arguments.output} written; {sum(respelled[topic] != topics[topic] for topic in topics)} of {len(topics)} topics respelled")


def _lexicon(arguments: argparse.Namespace) -> Path:
    """The lexicon in the student's folder, else the one that a manifest names."""
    student = find(arguments.student, arguments.runs_dir)
    if (student.folder / LEXICON).is_file():
        return student.folder / LEXICON
    if student.lexicon and student.lexicon.is_file():
        return student.lexicon
    raise InputError(f"{student.folder}: no {LEXICON} in it, and no run that respelled its topics; search for them as they are")
