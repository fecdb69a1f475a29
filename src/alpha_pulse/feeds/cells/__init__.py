"""From the cells of a table to times, numbers and symbols."""
