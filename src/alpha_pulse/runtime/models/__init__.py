"""The models of a run in the registry: registration, changes, and answers of versions."""
