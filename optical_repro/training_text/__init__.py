"""The text that students are trained on: regimes, the text of the collection, the text of pre-training."""
