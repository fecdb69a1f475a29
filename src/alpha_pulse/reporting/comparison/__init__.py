"""Several stored runs side by side: how their settings differ, and whether their results do."""

from __future__ import annotations

from alpha_pulse.reporting.comparison.comparison import RunComparison, compare_runs

__all__ = ["RunComparison", "compare_runs"]
