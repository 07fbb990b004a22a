"""Word alignment of parallel text with eflomal's model (Östling and Tiedemann 2016) in sil-thot: seeded, the same links every time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base import children

if TYPE_CHECKING:
    from thot.common import WordAlignmentMatrix

REVISION = 1
"""Raise it with every change to the links of the same pairs."""

Link = tuple[int, int, float]
"""Index of the target word, index of the English word, weight in (0, 1]."""

DOUBTFUL = 0.25
"""Weight of a link that only one direction finds, next to one that both find; chosen on train and dev topics."""

LONGEST = 150
"""The most words in a side: longer ones are not sentences, and time grows with the square of the length."""


def align(pairs: Sequence[tuple[list[str], list[str]]], seed: int, doubtful: float = DOUBTFUL) -> list[list[Link]]:
    """Links the words of each (target words, English words) pair.

    Links found in both directions weigh 1; those that grow-diag-final-and (Koehn et al. 2005) adds weigh ``doubtful``.
    A pair with an empty or overlong side gets no links. The two directions run side by side, the second in a process of its own.
    """
    indices = [index for index, (target, english) in enumerate(pairs) if 0 < len(target) <= LONGEST and 0 < len(english) <= LONGEST]
    sides = ([pairs[index][0] for index in indices], [pairs[index][1] for index in indices])
    # A plain process and pipes, because multiprocessing needs shared memory, which containers often lack.
    with children.waited_for(children.start(__name__, stdin=subprocess.PIPE, stdout=subprocess.PIPE)) as other:
        assert other.stdin is not None and other.stdout is not None
        other.stdin.write(json.dumps([sides[1], sides[0], seed]).encode())
        other.stdin.close()
        forward = _links_one_way(sides[0], sides[1], seed, progress=True)
        answer = other.stdout.read()
    if other.returncode:
        raise RuntimeError(f"the word aligner ended with status {other.returncode}")
    inverse = [[(here, there) for here, there in links] for links in json.loads(answer)]
    links: list[list[Link]] = [[] for _ in pairs]
    for place, target, english, one_way, other_way in zip(indices, *sides, forward, inverse, strict=True):
        links[place] = _symmetrise(len(target), len(english), one_way, other_way, doubtful)
    return links


def _links_one_way(source: list[list[str]], other: list[list[str]], seed: int, progress: bool) -> list[list[tuple[int, int]]]:
    """Aligns each word of ``other`` to at most one of ``source``; a link is (source index, other index)."""
    from thot.alignment import EflomalAlignmentModel
    from tqdm import trange

    model = EflomalAlignmentModel()
    model.seed, model.deterministic, model.num_samplers = seed, True, 3
    model.emit_training_alignments = True
    for left, right in zip(source, other, strict=True):
        model.add_sentence_pair(left, right)
    model.start_training()
    for _ in trange(model.scheduled_iterations, desc="  aligning words", unit="pass", disable=None if progress else True, leave=False):
        model.train()
    model.end_training()
    return [_cells(model.get_training_alignment(index)[1]) for index in range(model.num_sentence_pairs)]


def _symmetrise(
    n_target: int, n_english: int, forward: list[tuple[int, int]], inverse: list[tuple[int, int]], doubtful: float
) -> list[Link]:
    matrix = _matrix(n_target, n_english, forward)
    inverse_matrix = _matrix(n_target, n_english, [(target, english) for english, target in inverse])
    sure = set(forward) & {(target, english) for english, target in inverse}
    matrix.grow_diag_final_and(inverse_matrix)
    links = [(*cell, 1.0 if cell in sure else doubtful) for cell in _cells(matrix)]
    return [link for link in links if link[2] > 0]


def _cells(matrix: WordAlignmentMatrix) -> list[tuple[int, int]]:
    rows, columns = matrix.to_numpy().nonzero()
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _matrix(rows: int, columns: int, cells: list[tuple[int, int]]) -> WordAlignmentMatrix:
    from thot.common import WordAlignmentMatrix

    matrix = WordAlignmentMatrix(rows, columns)
    for row, column in cells:
        matrix.set(row, column)
    return matrix


if __name__ == "__main__":
    children.end_with_parent()
    source_side, other_side, seed = json.load(sys.stdin)
    json.dump(_links_one_way(source_side, other_side, seed, progress=False), sys.stdout)
