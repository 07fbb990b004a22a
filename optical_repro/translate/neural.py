"""Translation with a neural model, sentence by sentence, each sentence once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ..base.files import digest
from ..base.stages import made_by, version
from .located import locate
from .memory import TranslationMemory
from .model import TranslationModel, open_model
from .sentences import sentences
from .translator import Engine, Materials

REVISION = 1
"""To be raised with every change to what is asked of the same model."""

BATCH = 32
"""Sentences that are translated together."""


class NeuralTranslator:
    """Translates from one language into another, remembering every sentence; a translation that was interrupted goes on from there."""

    def __init__(self, name: str, model: TranslationModel, source: str, target: str, memories: Path) -> None:
        """``memories`` is the folder of translation memories; raises InputError for a pair that the model cannot translate."""
        self.name, self.model, self.source, self.target = name, model, source, target
        self.direction = model.direction(source, target)
        self._memories = memories

    @property
    def identity(self) -> str:
        """A hash of the model, and of what asks and runs it."""
        return digest([self.model.identity, made_by("translation"), version(self.model.engine)])

    @cached_property
    def memory(self) -> TranslationMemory:
        """What the model translated in this direction before."""
        return TranslationMemory(self._memories / f"{self.identity[:16]}.{self.source}-{self.target}.sqlite")

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts. A sentence for which the model finds no words stays as it is."""
        parts = [sentences(text) for text in texts]
        known = self._translated(list(dict.fromkeys(sentence for part in parts for sentence in part)))
        return [" ".join(known[sentence] or sentence for sentence in part) for part in parts]

    def _translated(self, wanted: list[str]) -> dict[str, str]:
        """The translation of each sentence, from the memory or made now, batch by batch, those of like length together.

        The batches follow from the sentences alone and are translated whole even where some of it is known, so that what was
        interrupted ends with the very translations of what was not.
        """
        from tqdm import tqdm

        known = self.memory.find(wanted)
        missing = len(wanted) - len(known)
        if not missing:
            return known
        wanted.sort(key=lambda sentence: (-len(sentence), sentence))
        bar = tqdm(total=missing, desc=f"  translation {self.source}-{self.target}", unit=" sentences", leave=False, disable=None)
        with bar:
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                if new := [sentence for sentence in batch if sentence not in known]:
                    made = dict(zip(batch, self.model.translate(batch, self.direction), strict=True))
                    self.memory.add(made)
                    known = made | known
                    bar.update(len(new))
        return known


class NeuralTranslators:
    """A translation model in all the directions that it has."""

    def __init__(self, materials: Materials) -> None:
        self._materials = materials
        self.model = open_model(locate(materials.name), materials.device)

    @property
    def version(self) -> str:
        """Of the model's files, in eight digits."""
        return self.model.identity[:8]

    @property
    def library(self) -> str:
        """The package that runs the model."""
        return self.model.engine

    def between(self, source: str, target: str) -> NeuralTranslator:
        """The translator of a pair; raises InputError for one that the model cannot translate."""
        return NeuralTranslator(self._materials.name, self.model, source, target, self._materials.memories)

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Loads the model and translates a word in each direction."""
        self.model.check([self.model.direction(*direction) for direction in directions])


ENGINE = Engine("MODEL", "a translation model: a folder, or a name on the Hugging Face Hub", NeuralTranslators, place=2)
