"""The encoder classes that Pyserini works with. Importing this module starts Java and imports Pyserini."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..encoders.text_encoder import TextEncoder
from . import jvm

jvm.start()

from pyserini.encode import DocumentEncoder, QueryEncoder  # noqa: E402  (Java first)


class StudentDocumentEncoder(DocumentEncoder):
    """Encodes documents with any encoder folder, a student's or the teacher's; its pooling and prefix are read from the folder."""

    def __init__(self, model_name: str, device: str = "cpu", **_: Any) -> None:
        """``**_``: arguments that Pyserini's command line guesses from the model's name; the folder's settings replace them."""
        self.encoder = TextEncoder(model_name, device)

    def encode(self, texts: Sequence[str], titles: Sequence[str] | None = None, **_: Any) -> np.ndarray:
        """Unit vectors, float32 [texts, dimension]."""
        if titles is not None:
            texts = [f"{title} {text}" if title else text for title, text in zip(titles, texts, strict=True)]
        return self.encoder.encode(self.encoder.as_passages(texts))


class StudentQueryEncoder(QueryEncoder):
    """Encodes queries with any encoder folder; its pooling and prefix are read from the folder."""

    def __init__(self, encoder_dir: str, device: str = "cpu", **_: Any) -> None:
        super().__init__()
        self.encoder = TextEncoder(encoder_dir, device)
        self.has_model = True

    def encode(self, query: str, **_: Any) -> np.ndarray:
        """A unit vector, float32 [dimension]."""
        return self.encode_batch([query])[0]

    def encode_batch(self, queries: Sequence[str], **_: Any) -> np.ndarray:
        """Unit vectors, float32 [queries, dimension]."""
        return self.encoder.encode(self.encoder.as_queries(queries))
