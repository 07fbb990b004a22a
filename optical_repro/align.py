"""``python -m optical_repro.align``: looks at the transport plan between a sentence and its translation."""

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
from .encoders.models import EMBEDDED
from .records.checkpoints import find

if TYPE_CHECKING:
    from .distill.token_alignment import TokenAlignment
    from .encoders.text_encoder import TextEncoder

EXPLAINED = """\
Shows what a student has learnt: the optimal-transport plan that moves the mass of its tokens (down) to the tokens that its
English teacher reads (across). The darker a cell, the more of what the two tokens could exchange moves there. The student
before training stands beside it where it is at hand (a student in the cache) or given with --before.

The plan is the one that training uses: cost 1 - cosine, the same mass on every token, entropic regularisation 0.05.
"""

EPILOG = """\
words: --pharaoh prints the plan as word alignment, I-J where word I of the sentence goes with word J of the English one,
both counted from 0, punctuation not counted. The mass of a word is that of its pieces together; each word of the sentence
goes with the English word that the most of its mass moves to. --agreement FILE says how well such links agree with those of
a word aligner (eflomal's model) on parallel text: about a thousand pairs, not those that the student was trained on, since the
lexicon that its words start from was aligned there by the same model.
  precision  share of the plan's links that the aligner found, in either direction
  recall     share of the links that the aligner found in both directions and the plan has
  F1         the harmonic mean of the two
  1 - AER    one minus the alignment error rate (Och and Ney 2003), which a run's report shows too, before and after training

examples:
  python -m optical_repro.align "Ìwé òfin fún àwọn obìnrin ní ẹ̀tọ́ láti dìbò." "The constitution gives women the right to vote." \\
      --model runs/sample.yo.test/optical-bitext.manifest.json --png plan.png
  python -m optical_repro.align --agreement dev.yo-en.tsv --lang yo --model runs/sample.yo.test/optical-bitext.manifest.json
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = Parser(prog="python -m optical_repro.align", description=EXPLAINED, epilog=EPILOG)
    made.add_argument("sentence", nargs="?", help="a sentence in the student's language")
    made.add_argument("english", nargs="?", help="its English translation")
    made.add_argument(
        "--model",
        metavar="STUDENT",
        help="folder of a student, or the manifest of a run that it made (left out: says which there are)",
    )
    made.add_argument("--teacher", metavar="NAME", help=f"the student's teacher (default: the manifest's, else {EMBEDDED})")
    made.add_argument("--before", metavar="STUDENT", help="the student before training (default: the one that it was trained from)")
    made.add_argument("--png", type=Path, metavar="FILE", help="draw the heat maps into this file")
    made.add_argument("--svg", type=Path, metavar="FILE", help="the same, for print and web pages")
    made.add_argument("--pharaoh", action="store_true", help="print the word alignment only, in Pharaoh format")
    made.add_argument("--agreement", type=Path, nargs="+", metavar="FILE", help="measure agreement with a word aligner on parallel text")
    made.add_argument("--lang", metavar="CODE", help="language of the parallel text beside English")
    made.add_argument("--pairs", type=int, default=500, metavar="N", help="pairs to measure, the aligner reads all (default: %(default)s)")
    made.add_argument("--seed", type=int, default=42, metavar="N", help="of the aligner and of the choice of pairs (default: %(default)s)")
    made.add_argument("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="where manifests lie (default: %(default)s)")
    return made


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
    """Raises InputError for a file that cannot be written, or whose ending tells of another format."""
    if path.suffix.lower() not in ("", f".{form}"):
        raise InputError(f"--{form} {path}: the picture will be {form.upper()}; give it a name that ends in .{form}")
    if path.is_dir():
        raise InputError(f"--{form} {path}: is a folder; expected the name of a file to write")
    make_folder(path.parent)


def encoders(arguments: argparse.Namespace) -> tuple[dict[str, TextEncoder], TextEncoder]:
    """The students by what to call them, the one before training first where there is one, and the teacher."""
    from .encoders.models import locate

    checkpoint = find(arguments.model, arguments.runs_dir, arguments.teacher)
    untrained = locate(arguments.before) if arguments.before else checkpoint.untrained
    teacher = locate(checkpoint.teacher)

    from .encoders.text_encoder import TextEncoder

    folders = {"before training": untrained, "after training": checkpoint.folder} if untrained else {"student": checkpoint.folder}
    return {name: TextEncoder(folder) for name, folder in folders.items()}, TextEncoder(teacher)


def show(arguments: argparse.Namespace, students: dict[str, TextEncoder], teacher: TextEncoder, pictures: dict[str, Path | None]) -> None:
    """The heat maps and the word links, or only the links in Pharaoh format; the figures into their files."""
    from .distill.token_alignment import align

    alignments = {name: align(student, teacher, arguments.sentence, arguments.english) for name, student in students.items()}
    *_, trained = alignments.values()
    if arguments.pharaoh:
        say(trained.pharaoh())
    else:
        from .distill.picture import as_text

        say(as_text(alignments, shutil.get_terminal_size().columns))
        links = [f"{trained.student.words[here].text} → {trained.teacher.words[there].text}" for here, there in trained.links()]
        say(f"\nwords: {', '.join(links)}")
    draw(alignments, pictures, told=not arguments.pharaoh)


def draw(alignments: dict[str, TokenAlignment], paths: dict[str, Path | None], told: bool) -> None:
    """Writes the figure in each format that has a path."""
    from .distill.picture import as_image

    for form, path in paths.items():
        if path:
            with whole(path, "wb") as file:
                file.write(as_image(alignments, form))
            if told:
                say(f"{path} written")


def measure_agreement(arguments: argparse.Namespace, pairs: list[Pair], students: dict[str, TextEncoder], teacher: TextEncoder) -> None:
    """Prints precision, recall, F1 and 1 - AER of the word links of each student."""
    from .distill.token_alignment import measure

    measured = measure(students, teacher, pairs, arguments.seed, arguments.pairs)
    count = min(arguments.pairs, len(pairs))
    say(f"word links of the plan against the aligner's, {count:,} of {len(pairs):,} pairs\n")
    say(f"{'':16} precision  recall     F1  1 - AER")
    for name, agreement in measured.items():
        say(f"{name:16} {agreement.precision:9.3f} {agreement.recall:7.3f} {agreement.f1:6.3f} {agreement.score:8.3f}")


if __name__ == "__main__":
    sys.exit(main())
