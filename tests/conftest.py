from __future__ import annotations

from hypothesis import settings

# The same examples at every run, and none that fails because a machine is slow or a kernel is being compiled.
settings.register_profile("alpha_pulse", deadline=None, derandomize=True, max_examples=40, database=None)
settings.load_profile("alpha_pulse")
