"""What systems retrieve by, in a file for each kind. ``RETRIEVERS`` in `systems` has all of them by name."""
