"""What ``import alpha_pulse as ap`` offers in a notebook or a script: replay, open, list and evaluate."""
