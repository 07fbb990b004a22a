"""Translators of topics and documents, behind one interface."""
