"""Simulations behind the tables of the docs: detectors, comparisons, regimes."""
