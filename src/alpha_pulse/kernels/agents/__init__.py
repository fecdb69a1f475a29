"""Rules of agents, their mixing with the model, and the manager that combines and weighs them."""
