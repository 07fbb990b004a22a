"""What is kept beside runs and students: manifests, checkpoints, model cards."""
