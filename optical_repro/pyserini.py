"""Pyserini's own commands, handed on unchanged, with Java started and our encoders there as ``--encoder-class optical``.

    python -m optical_repro.pyserini encode input --corpus corpus.jsonl ... encoder --encoder MODEL --encoder-class optical
    python -m optical_repro.pyserini search --index INDEX --encoder MODEL --encoder-class optical --topics topics.tsv ...

``search`` is Pyserini's dense search (pyserini.search.faiss); any other command goes by its module's name: index.lucene,
search.lucene, fusion, eval.trec_eval. Two are this package's own:

    python -m optical_repro.pyserini card STUDENT              writes the model card of a student, with the scores of its runs
    python -m optical_repro.pyserini push STUDENT USER/NAME    puts a student and its card on the Hugging Face Hub
"""

from __future__ import annotations

import argparse
import importlib.util
import runpy
import sys
from typing import Any

from optical_repro import share

COMMANDS = {"encode": "encode", "search": "search.faiss"}
CLASS = "optical"


def main(arguments: list[str] | None = None) -> None:
    """Runs a command of Pyserini in this process; it exits as Pyserini does."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return
    if arguments[0] in share.COMMANDS:
        sys.exit(share.main(arguments[0], arguments[1:]))
    command = "pyserini." + COMMANDS.get(arguments[0], arguments[0])

    from optical_repro.errors import InputError
    from optical_repro.retrieval import jvm

    try:
        jvm.start()
        if importlib.util.find_spec(command) is None:
            raise InputError(
                f'Pyserini has no command "{arguments[0]}"; expected encode, search, card, push, or a module such as index.lucene'
            )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    register()
    sys.argv = [command, *arguments[1:]]
    runpy.run_module(command, run_name="__main__", alter_sys=True)


def register() -> None:
    """Adds our encoders to Pyserini's, and their name to the choices of ``--encoder-class``, which its parsers list themselves."""
    import pyserini.encode

    from optical_repro.retrieval.encoders import StudentDocumentEncoder, StudentQueryEncoder
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
    main()
