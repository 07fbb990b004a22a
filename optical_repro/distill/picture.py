"""Transport plans as heat maps: in shades of a terminal's characters, and as figures."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from io import BytesIO
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .token_alignment import TokenAlignment

SHADES = " ░▒▓█"
"""From none of the mass that two tokens can exchange to all of it."""


def as_text(alignments: Mapping[str, TokenAlignment], width: int) -> str:
    """Heat maps for a terminal of ``width`` columns, side by side where they fit: student tokens down, teacher tokens across.

    The keys of ``alignments`` are the titles, such as "before training".
    """
    blocks = [_block(title, alignment) for title, alignment in alignments.items()]
    widths = [max(map(_width, block)) for block in blocks]
    if sum(widths) + 4 * (len(blocks) - 1) > width:
        return "\n\n".join("\n".join(block) for block in blocks)
    rows = zip_longest(*blocks, fillvalue="")
    return "\n".join("    ".join(_pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows)


def _block(title: str, alignment: TokenAlignment) -> list[str]:
    """The lines of a heat map: title, the teacher's tokens written downwards, a line for each token of the student."""
    left = max(map(_width, alignment.student.pieces))
    letters = [_letters(piece) for piece in alignment.teacher.pieces]
    deepest = max(map(len, letters))
    lines = [f"{title}  (loss {alignment.loss:.3f})", ""]
    for depth in range(deepest):
        row = [letter[depth - deepest + len(letter)] if depth >= deepest - len(letter) else "" for letter in letters]
        lines.append(" " * (left + 1) + "".join(_pad(letter, 2) for letter in row).rstrip())
    for piece, shares in zip(alignment.student.pieces, alignment.shares, strict=True):
        shades = (SHADES[min(int(share * len(SHADES)), len(SHADES) - 1)] for share in shares)
        lines.append(" " * (left - _width(piece)) + piece + " " + "".join(shade * 2 for shade in shades).rstrip())
    return lines


def _letters(text: str) -> list[str]:
    """The letters of a text, each with its accents."""
    letters: list[str] = []
    for character in text:
        if letters and not _width(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _width(text: str) -> int:
    """The columns of a text in a terminal."""
    return sum(
        0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def as_image(alignments: Mapping[str, TokenAlignment], form: str) -> bytes:
    """The figure as a file's content, ``png``, ``svg`` or ``pdf``: the same for the same plans."""
    import matplotlib

    file = BytesIO()
    dateless = {"png": None, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    texts = "".join(side.text for alignment in alignments.values() for side in (alignment.student, alignment.teacher))
    with matplotlib.rc_context({"svg.hashsalt": "plan", "font.family": _families(texts)}):
        figure(alignments).savefig(file, format=form, metadata=dateless[form])
    return file.getvalue()


def _families(text: str) -> list[str]:
    """Matplotlib's own font, and installed fonts for the letters that it lacks."""
    from matplotlib.font_manager import fontManager, get_font

    families, missing = ["DejaVu Sans"], {character for character in text if not character.isspace()}
    missing -= {chr(point) for point in get_font(fontManager.findfont("DejaVu Sans")).get_charmap()}
    # Last Resort has a box for every letter, so it comes last.
    for entry in sorted(fontManager.ttflist, key=lambda entry: entry.name.startswith("Last Resort")) if missing else ():
        covered = missing & {chr(point) for point in get_font(entry.fname).get_charmap()}
        if covered:
            families.append(entry.name)
            missing -= covered
    return families


def figure(alignments: Mapping[str, TokenAlignment]) -> Figure:
    """Heat maps side by side, the word links outlined; the keys of ``alignments`` are the titles."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    sizes = [alignment.plan.shape for alignment in alignments.values()]
    cell, margin = 0.36, 1.2
    heat_maps = Figure(
        figsize=(sum(columns * cell + margin for _, columns in sizes) + 0.7, max(rows for rows, _ in sizes) * cell + margin + 0.6),
        dpi=150,
        layout="constrained",
    )
    panels = heat_maps.subplots(1, len(sizes), squeeze=False, width_ratios=[columns for _, columns in sizes])[0]
    for panel, (title, alignment) in zip(panels, alignments.items(), strict=True):
        image = panel.imshow(alignment.shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        panel.set_anchor("N")
        panel.set_title(f"{title}\nloss {alignment.loss:.3f}", fontsize=11, loc="left")
        panel.set_xticks(range(len(alignment.teacher.pieces)), alignment.teacher.pieces, rotation=60, ha="right", rotation_mode="anchor")
        panel.set_yticks(range(len(alignment.student.pieces)), alignment.student.pieces)
        panel.tick_params(length=0, labelsize=10)
        panel.set_xticks([column - 0.5 for column in range(1, alignment.plan.shape[1])], minor=True)
        panel.set_yticks([row - 0.5 for row in range(1, alignment.plan.shape[0])], minor=True)
        panel.grid(which="minor", color="#e3e8ef", linewidth=0.6)
        panel.tick_params(which="minor", length=0)
        for spine in panel.spines.values():
            spine.set_color("#b8c0cc")
        for student_word, teacher_word in alignment.links():
            rows, columns = (
                (alignment.student.word_of == student_word).nonzero()[0],
                (alignment.teacher.word_of == teacher_word).nonzero()[0],
            )
            corner = (columns[0] - 0.5, rows[0] - 0.5)
            panel.add_patch(Rectangle(corner, len(columns), len(rows), fill=False, edgecolor="#c2410c", linewidth=1.6, zorder=3))
    panels[0].set_ylabel("the student reads", fontsize=9, color="#5d6877")
    heat_maps.supxlabel("the teacher reads; outlined: the word that most of a word's mass moves to", fontsize=9, color="#5d6877")
    bar = heat_maps.colorbar(image, ax=list(panels), panchor=False, shrink=0.8, pad=0.02, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["none", "half", "all"], fontsize=9)
    bar.set_label("mass moved, of the most possible", fontsize=9)
    bar.outline.set_edgecolor("#b8c0cc")
    return heat_maps
