"""The routes, one file for each thing that is query about. Each makes `Routes` from the gateway."""
