"""The rules of agents, their mixing with the model, and the combination of agents by weights."""
