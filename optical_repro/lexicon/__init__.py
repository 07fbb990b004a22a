"""Bilingual lexicons from aligned bitext, files and CLDR, and spelling correction with their words."""
