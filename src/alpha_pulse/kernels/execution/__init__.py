"""Kernels of execution: money, resting orders, lots, books, entry rules and the risk gate."""
