"""Streams of examples: from files, and generated."""
