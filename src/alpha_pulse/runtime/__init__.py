"""Who drives a run and who asks about it: replay, live runner, gateway, history."""
