"""Foundations of the kernels: compilation, cache, random numbers, moments, scores."""
