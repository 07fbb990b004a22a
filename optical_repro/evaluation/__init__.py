"""Metrics, significance tests, reports and figures for runs. Nothing here depends on training."""
