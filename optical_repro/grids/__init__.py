"""Grids: every combination of the levels in a YAML file, and which factor matters."""
