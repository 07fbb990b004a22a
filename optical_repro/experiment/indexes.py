"""The indexes of an experiment's documents: Lucene's, FAISS's, and the passages by their ids."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.cache import empty
from ..base.stages import made_by
from ..collections.collection import Passage
from ..encoders.precision import FLOAT32
from ..retrieval import faiss_index
from ..retrieval.faiss_index import FLAT
from ..translate.translator import Translator
from .models import Models
from .stages import Stages
from .translation import Translation, translations

if TYPE_CHECKING:
    import numpy as np

    from ..retrieval.late_interaction import TokenStore
    from ..retrieval.token_index import Tokens

POOL = 8192
"""Maximum number of passages over which the objective ``scores`` compares distributions."""


class Indexes:
    """Each index is built when it is first needed."""

    def __init__(self, stages: Stages, models: Models, translation: Translation) -> None:
        self._stages, self._models, self._translation = stages, models, translation

    def lexical(self, translated: bool = False) -> Path:
        """The Lucene index of the documents, or (``translated``) of their translations into the topics' language."""
        from ..retrieval import bm25, lucene_shards

        collection = self._stages.collection
        lang = collection.lang if translated else collection.doc_lang
        translator = self._translation.between(collection.doc_lang, lang) if translated else None
        inputs = {"collection": collection.digest, "language": lang, "translated": translator and translator.identity}

        def make(folder: Path) -> None:
            empty(folder)
            passages, engine = collection.passages(), self._stages.engine
            if translator:
                passages = translations(passages, translator, engine)
            if engine.parallel:
                lucene_shards.build_index(passages, lang, folder / "lucene", engine)
            else:
                bm25.build_index(passages, lang, folder / "lucene")

        return self._stages.stage("Lucene index" + (" of translations" if translated else ""), "lucene", inputs, make)

    def dense(self, model: Path, in_english: bool = False, exact: bool = False) -> Path:
        """The FAISS index of the documents, or of their English translations, as encoded by a model.

        It is of the kind that the settings name, or flat if ``exact``. A flat one in the cache spares encoding for the others.
        """
        from ..retrieval import dense

        kind = FLAT if exact else self._stages.settings.index
        flat = self._encoded(model, in_english)
        inputs = flat if kind == FLAT else {**flat, "index": kind, "index made by": made_by("faiss index")}

        def make(folder: Path) -> None:
            empty(folder)
            if kind != FLAT and self._stages.has("faiss", flat):
                dense.index_again(self.dense(model, in_english, exact=True) / "faiss", folder / "faiss", kind)
            else:
                dense.build_index(
                    self.documents(in_english),
                    model,
                    folder / "faiss",
                    device=self._models.device,
                    kind=kind,
                    engine=self._stages.engine,
                    bf16=self._models.bf16,
                )

        encoder = "the teacher" if model == self._models.teacher else "a student"
        title = f"dense index {'of translations ' if in_english else ''}by {encoder}"
        return self._stages.stage(title if kind == FLAT else f"{title}, {kind}", "faiss", inputs, make)

    def token_store(self, model: Path, in_english: bool = False) -> TokenStore:
        """The token vectors, by a model, of documents or their English translations: of those that have been asked for."""
        from ..retrieval.late_interaction import TokenStore

        place = self._stages.cache.place("tokens", {**self._encoded(model, in_english), "made by": made_by("tokens")})
        return TokenStore(place, model, self._models.device, self._stages.engine, self._models.bf16)

    def tokens(self, model: Path, in_english: bool = False) -> tuple[Tokens, Path | None]:
        """Those of all documents, and a FAISS index of them; None if they are few enough to do without."""
        from ..retrieval import token_index

        store = self.token_store(model, in_english)
        store.add(self.documents(in_english))
        tokens = token_index.Tokens((passage.id for passage in self._stages.collection.passages()), store)
        kind = token_index.kind(tokens.shape)
        if kind is None:
            return tokens, None

        def make(folder: Path) -> None:
            faiss_index.build(tokens, kind, folder / "index")

        inputs = {**self._encoded(model, in_english), "index": kind}
        return tokens, self._stages.stage(f"index of tokens, {kind}", "token index", inputs, make) / "index"

    def check(self) -> None:
        """Raises InputError if the settings' kind of index cannot be made of the documents' vectors."""
        from ..encoders.encoder import Encoder

        kind = self._stages.settings.index
        if kind == FLAT:
            return
        dimension = Encoder.load(self._models.teacher).dimension
        needed = faiss_index.fewest(kind, dimension)
        faiss_index.check(kind, dimension, sum(1 for _ in islice(self._stages.collection.passages(), needed)))

    def documents(self, in_english: bool = False) -> Iterator[Passage]:
        """The documents, or their translations into English, streaming."""
        passages = self._stages.collection.passages()
        return translations(passages, self._into_english, self._stages.engine) if in_english else passages

    def identity(self, in_english: bool = False) -> dict[str, str]:
        """What these documents depend on, as a stage's inputs."""
        collection = {"collection": self._stages.collection.digest}
        return collection | ({"translated": self._into_english.identity} if in_english else {})

    def _encoded(self, model: Path, in_english: bool) -> dict[str, str]:
        """What the vectors of these documents by a model depend on, as a stage's inputs."""
        precision = self._stages.settings.precision
        usual = precision == FLOAT32  # Younger than the first caches, whose keys do not have it.
        return {**self.identity(in_english), "model": self._models.identity(model), **({} if usual else {"precision": precision})}

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
        """The vectors of a flat index, or a sample of ``POOL`` of them: [passages, d]."""
        flat = faiss_index.read(index / "faiss" / "index")
        vectors = faiss_index.rows(flat)
        sample = random.Random(self._stages.seed).sample(range(len(vectors)), min(len(vectors), POOL))
        return vectors[sorted(sample)]
