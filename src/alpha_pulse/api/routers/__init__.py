"""The routes, one file for each thing that is asked about. Each makes `Routes` from the gateway."""
