"""Simulations for the tables of the docs: detectors, comparisons, regimes."""
