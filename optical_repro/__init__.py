"""Cross-lingual retrieval for low-resource languages, trained on little text, in runs that anyone can repeat."""

__version__ = "0.3.0"
