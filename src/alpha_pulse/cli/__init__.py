"""The command line: `alpha-pulse`."""
