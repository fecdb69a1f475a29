"""Figures of a run, drawn on matplotlib's axes from its tables."""
