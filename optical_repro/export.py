"""``python -m optical_repro.export STUDENT FOLDER``: a student as a folder of its own, for other programs and other machines."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import options
from .base.errors import InputError
from .base.terminal import Parser, run_command, say
from .cards import card
from .cards.evaluation import CARD
from .cards.files import gather
from .encoders import onnx_export
from .records.checkpoints import find

EXPLAINED = """\
Copies a trained student out of the cache: weights, tokenizer, how it pools, its model card, and the lexicon that respells topics.
sentence-transformers, Pyserini (--encoder FOLDER) and optical_repro (--model FOLDER) load the folder as it is; nothing in it needs
this package or the cache. With --onnx, the folder has onnx/model.onnx besides: ids and mask in, token states out; pooling and
projection are those of the folder.
"""

EXAMPLES = """
examples:
  python -m optical_repro.export runs/sample.yo.test/optical-cs.manifest.json my/student
  python -m optical_repro.export runs/sample.yo.test/optical-cs.manifest.json my/student --onnx
  python -c "from sentence_transformers import SentenceTransformer; print(SentenceTransformer('my/student').encode(['Kí ni orúkọ rẹ?']))"
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(prog="python -m optical_repro.export", description=EXPLAINED, epilog=EXAMPLES)
    parser.add_argument("student", help="the manifest of one of its runs, or its folder in the cache")
    parser.add_argument("folder", type=Path, help="where it goes: a new folder, or an empty one")
    parser.add_argument(
        "--onnx", action="store_true", help="write onnx/model.onnx too, as sentence-transformers has it, checked against torch (extra onnx)"
    )
    options.add(parser.add_argument, "runs-dir", runs_dir="folder with the runs' manifests, for the card (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: export(arguments.student, arguments.folder, arguments.runs_dir, onnx=arguments.onnx))


def export(student: str, folder: Path, runs_dir: Path, *, onnx: bool = False) -> None:
    """Copies a student into a folder, whole or not at all; raises InputError where something is in that folder already.

    ``onnx``: with the transformer as ONNX too. Raises InputError if a library for that is missing, or it differs from torch's.
    """
    found = find(student, runs_dir)
    source = found.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; name a new folder, or an empty one")
    try:
        path = card.write(source, runs_dir, found.runs_dir)
    except InputError as error:
        path = source / CARD
        say(f"note: {'the card is that of before' if path.is_file() else 'no model card'}: {error}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as part:
        gather(source, path, str(folder), Path(part) / "student", copies=True)
        if onnx:
            onnx_export.write(Path(part) / "student")
        (Path(part) / "student").rename(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
    say(f'{folder} written, {size:.0f} MB; in Python: sentence_transformers.SentenceTransformer("{folder}")')


if __name__ == "__main__":
    sys.exit(main())
