"""The indexes of an experiment's documents: Lucene's, FAISS's, and the passages by their ids."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.cache import empty
from ..collections.collection import Passage
from ..translate.translator import Translator
from .models import Models
from .stages import Stages
from .translation import Translation, translations

if TYPE_CHECKING:
    import numpy as np

POOL = 8192
"""Maximum number of passages over which the objective ``scores`` compares distributions."""


class Indexes:
    """Each index is built when it is first needed."""

    def __init__(self, stages: Stages, models: Models, translation: Translation) -> None:
        self._stages, self._models, self._translation = stages, models, translation

    def lexical(self, translated: bool = False) -> Path:
        """The Lucene index of the documents, or (``translated``) of their translations into the topics' language."""
        from ..retrieval import bm25

        collection = self._stages.collection
        lang = collection.lang if translated else collection.doc_lang
        translator = self._translation.between(collection.doc_lang, lang) if translated else None
        inputs = {"collection": collection.digest, "language": lang, "translated": translator and translator.identity}

        def make(folder: Path) -> None:
            empty(folder)
            passages = collection.passages()
            bm25.build_index(translations(passages, translator) if translator else passages, lang, folder / "lucene")

        return self._stages.stage("Lucene index" + (" of translations" if translated else ""), "lucene", inputs, make)

    def dense(self, model: Path, in_english: bool = False) -> Path:
        """The FAISS index of the documents, or of their English translations, as encoded by a model."""
        from ..retrieval import dense

        inputs = {**self.identity(in_english), "model": self._models.identity(model)}

        def make(folder: Path) -> None:
            empty(folder)
            dense.build_index(self.documents(in_english), model, folder / "faiss", device=self._models.device)

        encoder = "the teacher" if model == self._models.teacher else "a student"
        return self._stages.stage(f"dense index {'of translations ' if in_english else ''}by {encoder}", "faiss", inputs, make)

    def documents(self, in_english: bool = False) -> Iterator[Passage]:
        """The documents, or their translations into English, streaming."""
        passages = self._stages.collection.passages()
        return translations(passages, self._into_english) if in_english else passages

    def identity(self, in_english: bool = False) -> dict[str, str]:
        """What these documents depend on, as a stage's inputs."""
        collection = {"collection": self._stages.collection.digest}
        return collection | ({"translated": self._into_english.identity} if in_english else {})

    @property
    def _into_english(self) -> Translator:
        return self._translation.between(self._stages.collection.doc_lang, "en")

    def passages(self) -> Path:
        """The documents by their ids, for ``collections.stored``."""
        from ..collections import stored

        collection = self._stages.collection

        def make(folder: Path) -> None:
            stored.write(collection.passages(), folder)

        return self._stages.stage("passages by their ids", "passages", {"collection": collection.digest}, make)

    def vectors(self, index: Path) -> np.ndarray:
        """The vectors of a dense index, or a sample of ``POOL`` of them: [passages, d]."""
        import faiss

        vectors: np.ndarray = faiss.read_index(str(index / "faiss" / "index")).reconstruct_n()
        sample = random.Random(self._stages.seed).sample(range(len(vectors)), min(len(vectors), POOL))
        return vectors[sorted(sample)]
