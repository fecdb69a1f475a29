"""Stores that are written as a whole, under a temporary name: backups, compacted stores, and converted ones."""
