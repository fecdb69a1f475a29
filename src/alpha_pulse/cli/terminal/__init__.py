"""The terminal: streams, progress bars, signals, paths and tables."""
