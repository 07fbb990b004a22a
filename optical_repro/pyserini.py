"""Pyserini's own commands, unchanged: this starts Java and adds our encoders as ``--encoder-class optical``.

    python -m optical_repro.pyserini encode input --corpus corpus.jsonl ... encoder --encoder MODEL --encoder-class optical
    python -m optical_repro.pyserini search --index INDEX --encoder MODEL --encoder-class optical --topics topics.tsv ...

``search`` is Pyserini's dense search (pyserini.search.faiss). Call any other command by its module's name: index.lucene,
search.lucene, fusion, eval.trec_eval. The name of the embedded teacher, sentence-transformers/all-MiniLM-L6-v2, means its
installed folder, so nothing is downloaded. Three commands are this package's own:

    python -m optical_repro.pyserini card STUDENT              writes the model card of a student, with the scores of its runs
    python -m optical_repro.pyserini respell STUDENT ...       respells topics as in the runs of a student
    python -m optical_repro.pyserini push STUDENT USER/NAME    uploads a student and its card to the Hugging Face Hub
"""

from __future__ import annotations

import argparse
import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any

from optical_repro.base.errors import InputError
from optical_repro.base.terminal import run_command
from optical_repro.encoders.models import EMBEDDED, locate

COMMANDS = {"encode": "encode", "search": "search.faiss"}
OWN = ("card", "push", "respell")
CLASS = "optical"


def main(arguments: list[str] | None = None) -> int:
    """Runs a command, Pyserini's own in this process; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if arguments[0] in OWN:
        from optical_repro import share

        return share.main(arguments)
    return run_command(lambda: run(*arguments))


def run(command: str, *arguments: str) -> None:
    """Runs a command of Pyserini. Raises InputError for an unknown command, and what the command raises."""
    name = COMMANDS.get(command, command)
    if not is_command(name):
        raise InputError(f'Pyserini has no command "{command}"; expected encode, search, card, push, or a module such as index.lucene')
    from optical_repro.retrieval import jvm

    jvm.start()
    register()
    sys.argv = [f"pyserini.{name}", *(str(locate(EMBEDDED)) if argument == EMBEDDED else argument for argument in arguments)]
    runpy.run_module(f"pyserini.{name}", run_name="__main__", alter_sys=True)


def is_command(name: str) -> bool:
    """Whether Pyserini has a runnable module of this name; only looks at its files, since an import would start Java."""
    spec = importlib.util.find_spec("pyserini")
    folders = (spec and spec.submodule_search_locations) or []
    *packages, module = name.split(".")
    if not all(part.isidentifier() for part in (*packages, module)):
        return False
    places = [Path(folder, *packages) for folder in folders]
    return any((place / f"{module}.py").is_file() or (place / module / "__main__.py").is_file() for place in places)


def register() -> None:
    """Adds our encoders to Pyserini's, and their name to the choices of ``--encoder-class``, which its parsers list themselves."""
    import pyserini.encode

    from optical_repro.retrieval.pyserini_encoders import StudentDocumentEncoder, StudentQueryEncoder
    from optical_repro.retrieval.topic_ids import keep_ids

    keep_ids()
    pyserini.encode.document_encoder_class_map[CLASS] = StudentDocumentEncoder
    pyserini.encode.query_encoder_class_map[CLASS] = StudentQueryEncoder
    add_argument = argparse.ArgumentParser.add_argument

    def with_our_class(parser: argparse.ArgumentParser, *names: str, **options: Any) -> argparse.Action:
        if "--encoder-class" in names and options.get("choices"):
            options["choices"] = [*options["choices"], CLASS]
        return add_argument(parser, *names, **options)

    argparse.ArgumentParser.add_argument = with_our_class  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    sys.exit(main())
