"""Where the training pairs of the student come from."""
