"""Reports on files: how each was read, what a refused one contains, and the inspection of several."""
