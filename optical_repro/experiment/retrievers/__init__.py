"""The retrievers of systems, a file for each kind. ``RETRIEVERS`` in `systems` has all of them by name."""
