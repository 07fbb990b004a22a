"""``python -m optical_repro.collections``: lists what ``--collection`` knows by name."""

from __future__ import annotations

import argparse
import sys

from ..terminal import run_command, say
from . import SOURCES


def main() -> None:
    """Prints every source: direction, languages, splits, licence, citation, whether it is on disk."""
    argparse.ArgumentParser(prog="python -m optical_repro.collections", description="Lists the collections known by name.").parse_args()
    for source in SOURCES.values():
        say(f"{source.name}  ({source.direction}{', on disk' if source.on_disk() else ''})")
        say(f"    {source.about}")
        say(f"    --lang   {' '.join(source.languages) or 'any of its languages'}")
        say(f"    --split  {' '.join(source.splits) or 'none'}")
        say(f"    {source.license}; {source.citation}")
    say("\nxx → en: topics in --lang, English documents; en → xx: English topics, documents in --lang; the first split is the default.")
    say("Also: the path of a folder (corpus.jsonl, topics.<lang>.<split>.tsv, qrels.<lang>.<split>.txt), or any id of ir-datasets.com.")


if __name__ == "__main__":
    sys.exit(run_command(main))
