"""Reports on files: how each was read or why it was refused."""
