"""Grids: every combination of the levels of a YAML file, and which factor matters."""
