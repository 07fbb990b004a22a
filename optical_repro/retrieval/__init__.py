"""Searching with Pyserini: lexical, dense, late interaction and fusion."""

BM25 = (0.9, 0.4)
"""Anserini's k1 and b."""
