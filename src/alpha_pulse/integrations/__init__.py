"""Other libraries: models of River here, and models of this package in River."""
