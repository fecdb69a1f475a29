"""After the run: report, summary, scores, data checks."""
