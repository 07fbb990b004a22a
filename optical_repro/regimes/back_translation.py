"""Back-translation (Sennrich, Haddow and Birch 2016): authentic text of the language, its English side made by a machine."""

from __future__ import annotations

from collections.abc import Sequence

from ..bitext.readers import Pair
from ..translate.translator import Translator


def back_translated(pairs: Sequence[Pair], translator: Translator) -> list[tuple[str, str]]:
    """(sentence, its machine translation into English) for each pair; only the sides in the language are used."""
    sentences = [pair.target for pair in pairs]
    return list(zip(sentences, translator.translate(sentences), strict=True))
