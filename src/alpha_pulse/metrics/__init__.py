"""Scores, intervals and paired comparisons of predictions."""
