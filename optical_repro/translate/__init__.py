"""Translators of topics and documents, with one interface."""
