"""Regimes of a market."""
