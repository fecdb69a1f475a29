"""From a file or a frame to tables of cells."""
