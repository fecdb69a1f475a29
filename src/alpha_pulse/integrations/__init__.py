"""Other libraries: models of River and scikit-learn here, and models of this package in both."""
