"""The result of a run: report, summary, scores, data checks."""
