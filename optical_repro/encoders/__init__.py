"""Encoders: their weights, their conventions for reading texts, and their vectors."""
