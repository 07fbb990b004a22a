"""Parallel text: readers, corpora by name, checks and filters."""
