"""Translation with a neural model, each sentence only once."""

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
"""Raise it with every change to how the same model is used."""

BATCH = 32
"""Sentences that are translated together."""


class NeuralTranslator:
    """Translates from one language into another and remembers every sentence, so that an interrupted translation can go on."""

    def __init__(self, name: str, model: TranslationModel, source: str, target: str, memories: Path) -> None:
        """``memories`` is the folder of translation memories; raises InputError for a pair that the model cannot translate."""
        self.name, self.model, self.source, self.target = name, model, source, target
        self.direction = model.direction(source, target)
        self._memories = memories

    @property
    def identity(self) -> str:
        """A hash of the model and of the code that uses it."""
        return digest([self.model.identity, made_by("translation"), version(self.model.engine)])

    @cached_property
    def memory(self) -> TranslationMemory:
        """The memory of the model's translations in this direction."""
        return TranslationMemory(self._memories / f"{self.identity[:16]}.{self.source}-{self.target}.sqlite")

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts. A sentence stays unchanged if its translation is empty."""
        parts = [sentences(text) for text in texts]
        translations = self._translate_sentences(list(dict.fromkeys(sentence for part in parts for sentence in part)))
        return [" ".join(translations[sentence] or sentence for sentence in part) for part in parts]

    def _translate_sentences(self, unique: list[str]) -> dict[str, str]:
        """The translation of each sentence, from the memory or computed now, in batches of similar length.

        The batches depend only on the sentences and are translated whole even if parts are known, so that an interrupted
        translation ends with the same result as an uninterrupted one.
        """
        from tqdm import tqdm

        known = self.memory.find(unique)
        missing = len(unique) - len(known)
        if not missing:
            return known
        unique.sort(key=lambda sentence: (-len(sentence), sentence))
        bar = tqdm(total=missing, desc=f"  translation {self.source}-{self.target}", unit=" sentences", leave=False, disable=None)
        with bar:
            for start in range(0, len(unique), BATCH):
                batch = unique[start : start + BATCH]
                if new := [sentence for sentence in batch if sentence not in known]:
                    translations = dict(zip(batch, self.model.translate(batch, self.direction), strict=True))
                    self.memory.add(translations)
                    known = translations | known
                    bar.update(len(new))
        return known


class NeuralTranslators:
    """A translation model in all its directions."""

    def __init__(self, materials: Materials) -> None:
        self._materials = materials
        self.model = open_model(locate(materials.name), materials.device)

    @property
    def version(self) -> str:
        """Eight digits of the hash of the model's files."""
        return self.model.identity[:8]

    @property
    def library(self) -> str:
        """The package that runs the model."""
        return self.model.engine

    def between(self, source: str, target: str) -> NeuralTranslator:
        """The translator of a language pair. Raises InputError for a pair that the model cannot translate."""
        return NeuralTranslator(self._materials.name, self.model, source, target, self._materials.memories)

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Loads the model and translates a word in each direction."""
        self.model.check([self.model.direction(*direction) for direction in directions])


ENGINE = Engine("MODEL", "a translation model: a folder, or a name on the Hugging Face Hub", NeuralTranslators, place=2)
