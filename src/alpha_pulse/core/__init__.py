"""Used by every other layer: the types that travel between stages, errors, configuration, time, state, plug-in tables."""
