"""The routes, one module per subject. Each builds `Routes` from the gateway."""
