"""The commands on the registry of models."""
