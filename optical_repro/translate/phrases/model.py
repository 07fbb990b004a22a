"""The phrase-based model: trained on aligned sentence pairs, written to a folder, and translating sentences."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...base.files import whole
from ...base.words import tokens
from ...lexicon.lexicon import Lexicon
from .aligned import AlignedPair
from .decoder import decode
from .language_model import LanguageModel
from .options import USUAL, Options, Weights
from .phrase_table import PhraseTable
from .vocabulary import Vocabulary
from .word_weights import WordWeights

REVISION = 1
"""Raise it with every change to what is written of the same pairs."""

_GLUED = re.compile(r" (?=[,.;:!?%)\]}”])|(?<=[(\[{“]) | (?=' (?:s|t|re|ve|ll|d|m)\b)|(?<= ') (?=(?:s|t|re|ve|ll|d|m)\b)")
"""Blanks between tokens that are not written."""


def train(folder: Path, pairs: Sequence[AlignedPair], lexicon: Lexicon, texts: Iterable[Sequence[str]]) -> None:
    """Trains a model and writes it into a folder.

    ``lexicon`` goes from the source language; ``texts``: other sentences in the target language for the language model.
    """
    source = Vocabulary.of(pair.source for pair in pairs)
    sentences = [*(pair.target for pair in pairs), *texts]
    target = Vocabulary.of(sentences)
    source.write(folder / "source.json")
    target.write(folder / "target.json")
    PhraseTable.train(pairs, source, target).write(folder / "phrases")
    LanguageModel.train((target.numbers(sentence) for sentence in sentences), len(target.words)).write(folder / "language model")
    counts = Counter(word for pair in pairs for word in pair.source)
    with whole(folder / "words.json") as file:
        json.dump({"counts": dict(sorted(counts.items())), "lexicon": lexicon.entries}, file, ensure_ascii=False, indent=0)


class PhraseModel:
    """A trained model."""

    def __init__(self, folder: Path, weights: Weights = USUAL) -> None:
        self._made_of = folder, weights
        source, target = (Vocabulary.read(folder / f"{side}.json") for side in ("source", "target"))
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        self.language_model = LanguageModel.read(folder / "language model")
        word_weights = WordWeights(Lexicon(words["lexicon"]), words["counts"])
        table = PhraseTable.read(folder / "phrases")
        self.options = Options(table, source, target, word_weights, self.language_model, weights)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process reads the folder."""
        return PhraseModel, self._made_of

    def translate(self, sentence: str) -> str:
        """The best translation of a sentence; words that pass through stay as they are written."""
        found = tokens(sentence)
        folded = [token.word for token in found]
        pieces: list[str] = []
        start = 0
        for end, option in decode(self.options.of(folded), self.language_model, self.options.weights.fluency):
            unchanged = list(option.words) == folded[start:end]
            pieces += [token.text for token in found[start:end]] if unchanged else option.words
            start = end
        return _GLUED.sub("", " ".join(pieces))
