"""The text that students are trained on: regimes, text of the collection, text for pre-training."""
