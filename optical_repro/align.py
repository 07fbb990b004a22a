"""``python -m optical_repro.align``: shows the transport plan between a sentence and its translation."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .base import languages
from .base.errors import InputError
from .base.files import make_folder, whole
from .base.terminal import Parser, run_command, say, utf8
from .base.words import words
from .bitext.readers import Pair, read_bitext
from .distill import ways
from .encoders.models import EMBEDDED
from .records.checkpoints import find

if TYPE_CHECKING:
    from .distill.token_alignment import TokenAlignment
    from .encoders.text_encoder import TextEncoder

EXPLAINED = """\
Shows what a student has learnt: the optimal-transport plan from its tokens (down) to the tokens of its English teacher (across).
The darker a cell, the larger the part of the two tokens' mass that the plan moves there. The student before training is shown
beside it, if the cache has it or --before names it.

The plan is computed as in training: cost 1 - cosine, the same mass on every token, entropic regularisation 0.05; or by --transport.
"""

EPILOG = """\
word links: --pharaoh prints the plan as a word alignment: I-J links word I of the sentence with word J of the English sentence.
Words are counted from 0, without punctuation. The mass of a word is the sum of its pieces' mass; each word of the sentence is
linked to the English word that gets the most of its mass. --agreement FILE measures how well these links agree with those of a word
aligner (eflomal's model), which reads that parallel text alone. Use a thousand pairs or more of another corpus than the student was
trained on: on its training pairs, the same aligner made the lexicon that the student's words start from, which favours the
student before training.
  precision  share of the plan's links that the aligner found, in either direction
  recall     share of the links found by the aligner in both directions that the plan has too
  F1         the harmonic mean of the two
  1 - AER    one minus the alignment error rate (Och and Ney 2003), which a run's report shows too, before and after training

examples:
  python -m optical_repro.align "Ìwé òfin fún àwọn obìnrin ní ẹ̀tọ́ láti dìbò." "The constitution gives women the right to vote." \\
      --model runs/sample.yo.test/optical-bitext.manifest.json --png plan.png
  python -m optical_repro.align --agreement dev.yo-en.tsv --lang yo --model runs/sample.yo.test/optical-bitext.manifest.json
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(prog="python -m optical_repro.align", description=EXPLAINED, epilog=EPILOG)
    parser.add_argument("sentence", nargs="?", help="a sentence in the student's language")
    parser.add_argument("english", nargs="?", help="its English translation")
    parser.add_argument(
        "--model",
        metavar="STUDENT",
        help="folder of a student, or the manifest of one of its runs (without it, lists the students)",
    )
    parser.add_argument("--teacher", metavar="NAME", help=f"the student's teacher (default: the manifest's, else {EMBEDDED})")
    parser.add_argument("--before", metavar="STUDENT", help="the student before training (default: the one that training started from)")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write the heat maps to this PNG file")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the heat maps to this SVG file, for print and web pages")
    parser.add_argument("--pharaoh", action="store_true", help="print only the word alignment, in Pharaoh format")
    parser.add_argument(
        "--agreement", type=Path, nargs="+", metavar="FILE", help="parallel text on which to measure agreement with a word aligner"
    )
    parser.add_argument(
        "--transport",
        default="",
        metavar="A+B",
        help=f"other ways to make the plan, as in training, of {', '.join(ways.OF_A_PAIR)} (default: none)",
    )
    parser.add_argument("--lang", metavar="CODE", help="language of the parallel text, besides English")
    parser.add_argument(
        "--pairs",
        type=int,
        default=500,
        metavar="N",
        help="number of pairs to measure on; the aligner uses all pairs (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=42, metavar="N", help="random seed of the aligner and of the choice of pairs (default: %(default)s)"
    )
    parser.add_argument(
        "--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="folder with the runs' manifests (default: %(default)s)"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return run_command(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> None:
    """Aligns a pair and shows the plan, or measures agreement on parallel text, or both."""
    if (arguments.sentence is None) != (arguments.english is None) or (arguments.sentence is None and not arguments.agreement):
        raise InputError('expected two texts, "sentence" "English sentence", or --agreement FILE')
    if arguments.agreement and not arguments.lang:
        raise InputError("--agreement needs the language of the parallel text: --lang CODE")
    if "content" in ways.parse(arguments.transport):
        raise InputError(f"--transport {arguments.transport}: a pair alone has no frequencies for content; use {', '.join(ways.OF_A_PAIR)}")
    if arguments.pairs < 1:
        raise InputError(f"--pairs {arguments.pairs}: expected a number from 1")
    pictures = {"png": arguments.png, "svg": arguments.svg}
    for form, path in pictures.items():
        if path:
            check_picture(path, form)
    for text in (arguments.sentence, arguments.english):
        if text is not None and not words(utf8(text, "a sentence")):
            raise InputError(f'no word in "{text}"; expected a sentence and its English translation')
    pairs = read_bitext(arguments.agreement, languages.canonical(arguments.lang)).pairs if arguments.agreement else []
    students, teacher = encoders(arguments)
    if arguments.sentence is not None:
        show(arguments, students, teacher, pictures)
    if arguments.agreement:
        measure_agreement(arguments, pairs, students, teacher)


def check_picture(path: Path, form: str) -> None:
    """Raises InputError for a file that cannot be written, or whose ending is that of another format."""
    if path.suffix.lower() not in ("", f".{form}"):
        raise InputError(f"--{form} {path}: the picture will be {form.upper()}; give it a name that ends in .{form}")
    if path.is_dir():
        raise InputError(f"--{form} {path}: is a folder; expected the name of a file to write")
    make_folder(path.parent)


def encoders(arguments: argparse.Namespace) -> tuple[dict[str, TextEncoder], TextEncoder]:
    """The students by title, first the one before training if there is one; and the teacher."""
    from .encoders.models import locate

    checkpoint = find(arguments.model, arguments.runs_dir, arguments.teacher)
    untrained = locate(arguments.before) if arguments.before else checkpoint.untrained
    teacher = locate(checkpoint.teacher)

    from .encoders.text_encoder import TextEncoder

    folders = {"before training": untrained, "after training": checkpoint.folder} if untrained else {"student": checkpoint.folder}
    return {name: TextEncoder(folder) for name, folder in folders.items()}, TextEncoder(teacher)


def show(arguments: argparse.Namespace, students: dict[str, TextEncoder], teacher: TextEncoder, pictures: dict[str, Path | None]) -> None:
    """Prints the heat maps and the word links, or only the links in Pharaoh format; writes the figures into their files."""
    from .distill.token_alignment import align

    transport = ways.parse(arguments.transport)
    alignments = {name: align(student, teacher, arguments.sentence, arguments.english, transport) for name, student in students.items()}
    *_, trained = alignments.values()
    if arguments.pharaoh:
        say(trained.pharaoh())
    else:
        from .distill.picture import as_text

        say(as_text(alignments, shutil.get_terminal_size().columns))
        links = [f"{trained.student.words[here].text} → {trained.teacher.words[there].text}" for here, there in trained.links()]
        say(f"\nwords: {', '.join(links)}")
    draw(alignments, pictures, verbose=not arguments.pharaoh)


def draw(alignments: dict[str, TokenAlignment], paths: dict[str, Path | None], verbose: bool) -> None:
    """Writes the figure in each format that has a path; if ``verbose``, prints the paths."""
    from .distill.picture import as_image

    for form, path in paths.items():
        if path:
            with whole(path, "wb") as file:
                file.write(as_image(alignments, form))
            if verbose:
                say(f"{path} written")


def measure_agreement(arguments: argparse.Namespace, pairs: list[Pair], students: dict[str, TextEncoder], teacher: TextEncoder) -> None:
    """Prints precision, recall, F1 and 1 - AER of the word links of each student."""
    from .distill.token_alignment import measure

    agreements = measure(students, teacher, pairs, arguments.seed, arguments.pairs, ways.parse(arguments.transport))
    count = min(arguments.pairs, len(pairs))
    say(f"word links of the plan against the aligner's, {count:,} of {len(pairs):,} pairs\n")
    say(f"{'':16} precision  recall     F1  1 - AER")
    for name, agreement in agreements.items():
        say(f"{name:16} {agreement.precision:9.3f} {agreement.recall:7.3f} {agreement.f1:6.3f} {agreement.score:8.3f}")


if __name__ == "__main__":
    sys.exit(main())
