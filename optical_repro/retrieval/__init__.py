"""Searching with Pyserini: lexical, dense, late interaction and fusion."""
