"""The read model: the history of a run for the page and the API."""
