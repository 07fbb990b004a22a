"""Encoders: where their weights come from, how they read a text, and the vectors that they give."""
