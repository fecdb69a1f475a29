"""What every kernel uses: compilation, cache, random numbers, moments, scores."""
