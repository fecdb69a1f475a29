"""The history of a run as the page and the API read it."""
