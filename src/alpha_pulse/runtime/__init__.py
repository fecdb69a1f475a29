"""Runs a system and reads its state: replay, live runner, gateway, history."""
