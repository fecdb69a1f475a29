"""The commands ``alpha-pulse journal``, which work on stored runs."""
