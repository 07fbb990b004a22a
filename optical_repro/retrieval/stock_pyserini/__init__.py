"""A folder for PYTHONPATH that lets Pyserini's own commands run on the Java that ``jvm`` finds; see ``jvm.environment``."""
