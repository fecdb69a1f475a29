"""Slow, obvious twins of execution and of the simulated venue: objects, dicts and Python's own integers."""
