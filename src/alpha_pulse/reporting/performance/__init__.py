"""Performance statistics of a book, from its equity after each step, its fills and its closed lots."""
