"""Back-translation (Sennrich, Haddow and Birch 2016): authentic text of the language, its English side made by a machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..bitext.readers import Pair


def back_translated(pairs: Sequence[Pair], translate: Callable[[list[str]], list[str]]) -> list[tuple[str, str]]:
    """(sentence, its machine translation into English) for each pair; only the sides in the language are used."""
    sentences = [pair.target for pair in pairs]
    return list(zip(sentences, translate(sentences), strict=True))
