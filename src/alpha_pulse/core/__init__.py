"""What every other floor stands on: the types that travel, errors, configuration, time, state, plug-in tables."""
