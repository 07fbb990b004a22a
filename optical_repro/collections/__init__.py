"""What is searched: documents, topics and judgements, from whatever source, as one type."""

from .collection import Collection, Passage

__all__ = ["Collection", "Passage"]
