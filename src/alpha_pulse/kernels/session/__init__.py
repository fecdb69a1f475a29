"""One learning session over rows of bars: labels, scores, learning and serving, compiled."""
