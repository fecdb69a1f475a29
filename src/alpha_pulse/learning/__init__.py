"""Sessions that learn online, their scores and drift monitors, training of batch members, checkpoints."""
