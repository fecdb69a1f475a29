"""The training of batch models in a run: members, rounds, and who trains."""
