"""Checks of bars: gaps, sessions, price steps, lengths; and their warnings."""
