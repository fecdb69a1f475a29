"""The commands that list, show, compare and report stored runs."""
