"""The journal of a run: its records, how they are laid out in blocks of columns and rows, and how they are read."""
