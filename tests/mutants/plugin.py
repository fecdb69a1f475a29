"""For pytest under the mutant runner, which leaves the conftest files out: no warm-up, the same Hypothesis examples."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=40, database=None)
settings.load_profile("mutants")
