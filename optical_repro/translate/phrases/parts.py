"""Parts of a bitext for cross-fitting: a sentence is translated by a model that was trained on the other parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...base.files import digest
from ...base.words import words
from ...bitext.readers import Pair

REVISION = 1
"""Raise it with every change to the parts of the same pairs."""

PARTS = 5


def parts(pairs: Sequence[Pair]) -> list[int]:
    """The part of each pair, from 0 to ``PARTS`` - 1, by a hash of its text, so that it depends on no seed and no order.

    Pairs that share a sentence on either side, but for case, accents and punctuation, are in one part, and so are those that share
    one with them: else a model would have read the sentence, or its translation, in another part.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    sides = [(f"target {' '.join(words(pair.target))}", f"english {' '.join(words(pair.english))}") for pair in pairs]
    texts = sorted({text for side in sides for text in side})
    numbers = {text: number for number, text in enumerate(texts)}
    rows, columns = ([numbers[side[place]] for side in sides] for place in (0, 1))
    graph = coo_array((np.ones(len(sides)), (rows, columns)), shape=(len(texts), len(texts)))
    _, groups = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for text, group in zip(texts, groups.tolist(), strict=True):
        first.setdefault(group, text)
    return [int(digest(first[int(groups[row])]), 16) % PARTS for row in rows]
