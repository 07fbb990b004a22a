"""Bilingual lexicons: from aligned bitext, files and CLDR; phrases and spelling by their words."""
