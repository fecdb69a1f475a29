"""Training in another process while a run goes on."""
