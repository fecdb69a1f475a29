"""Benchmarks, one module each: `python -m benchmarks [names...]`, or `make bench` for all of them."""

BENCHMARKS = (
    "logistic",
    "learners",
    "boosting",
    "calibration",
    "loop",
    "engine",
    "symbols",
    "logistic_ensemble",
    "features",
    "gbm",
    "detectors",
    "reading",
    "journal",
    "http",
    "listeners",
)
"""The names, each a module of this package with `run(options)`."""
