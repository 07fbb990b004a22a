"""``python -m optical_repro.pyserini card|push|respell``: prepares a student for use elsewhere, and uploads it to the Hub."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import options
from .base import languages
from .base.errors import InputError
from .base.files import whole
from .base.terminal import Parser, run_command, say
from .cards import card
from .cards.evaluation import CARD, LEXICON, of_language
from .cards.files import gather
from .records.checkpoints import find

RESPELL = """\
Respells topics as the runs of a student did.

A word that neither the student's lexicon nor the English documents have is read as
the nearest word of the lexicon. Searching for what it writes, the student gives what the card's rows of runs say.
"""

COMMANDS = {
    "card": "Writes a student's model card (README.md) beside its weights: training text, recipe, scores of its runs, citation.",
    "push": "Uploads a student and its card to the Hugging Face Hub (log in first: hf auth login, or set HF_TOKEN).",
    "respell": RESPELL,
}


def parser() -> argparse.ArgumentParser:
    """The command line, with a subparser for each command."""
    parser = Parser(
        prog="python -m optical_repro.pyserini",
        description="Prepares a student for use elsewhere: model card, respelled topics, upload to the Hub.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, description in COMMANDS.items():
        subparser = commands.add_parser(command, description=description, help=description.splitlines()[0])
        subparser.add_argument("student", help="folder of a student, or the manifest of one of its runs")
        if command == "push":
            subparser.add_argument("name", help="USER/NAME or ORGANISATION/NAME on the Hub; created if it does not exist")
            subparser.add_argument("--private", action="store_true", help="make the repository private, if it is created")
        if command == "respell":
            subparser.add_argument("--lang", required=True, metavar="CODE", help="the topics' language")
            subparser.add_argument("--topics", required=True, type=Path, metavar="FILE", help="id TAB text a line")
            subparser.add_argument(
                "--corpus", required=True, type=Path, metavar="FILE", help='the English documents: {"id", "title", "text"} a line'
            )
            subparser.add_argument("--output", required=True, type=Path, metavar="FILE", help="where the respelled topics go")
        options.add(subparser.add_argument, "runs-dir", runs_dir="folder with the runs (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs a command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> None:
    """Writes a card, uploads a student with its card, or respells topics."""
    if arguments.command == "respell":
        respell_topics(arguments)
        return
    found = find(arguments.student, arguments.runs_dir)
    student = found.folder
    card_path = student / CARD
    if arguments.command == "card" or not card_path.is_file():
        card_path = card.write(student, arguments.runs_dir, found.runs_dir)
        say(f"{card_path} written")
    if arguments.command == "push":
        say(f"{push(student, arguments.name, arguments.private, card_path)} holds it")


def respell_topics(arguments: argparse.Namespace) -> None:
    """Writes the respelled topics, and prints how many of them changed."""
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
    """The lexicon in the student's folder, that of the language if it has several, else the one that a manifest names."""
    student = find(arguments.student, arguments.runs_dir)
    for name in (of_language(languages.canonical(arguments.lang)), LEXICON):
        if (student.folder / name).is_file():
            return student.folder / name
    if student.lexicon and student.lexicon.is_file():
        return student.lexicon
    raise InputError(f"{student.folder}: no {LEXICON} in it, and no run that respelled its topics; search for them as they are")


def push(student: Path, name: str, private: bool = False, card_path: Path | None = None) -> str:
    """Uploads a student's folder, creating its repository if needed; returns its address.

    ``card_path``: its card (None: the one in the folder), uploaded with ``name`` in place of ``THIS MODEL``.
    Raises InputError for an invalid name, and if the Hub cannot be reached or refuses the upload.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

    hub = HfApi()
    try:
        address = hub.create_repo(name, private=private, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            gather(student, card_path or student / CARD, name, Path(folder))
            hub.upload_folder(repo_id=name, folder_path=folder, commit_message="A student of optical_repro")
    except HFValidationError:
        raise InputError(f"{name}: no name for the Hugging Face Hub; expected USER/NAME") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        remedy = "log in with hf auth login, or set HF_TOKEN" if status in (401, 403) else "try again later"
        raise InputError(f"{name}: the Hugging Face Hub refuses it ({status}); {remedy}") from None
    except (OSError, HTTPError) as error:
        raise InputError(f"{name}: the Hugging Face Hub cannot be reached ({type(error).__name__}); go online") from None
    return str(address)


if __name__ == "__main__":
    sys.exit(main())
