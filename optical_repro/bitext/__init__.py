"""Parallel text in, lexicons out."""
