"""Files of data vendors."""
