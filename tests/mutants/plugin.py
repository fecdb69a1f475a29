"""For pytest under the runner, which leaves tests/conftest.py out: no warm-up, the same Hypothesis examples, none shrunk."""

from __future__ import annotations

from hypothesis import Phase, settings


def pytest_configure() -> None:
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=40, database=None, phases=phases)
    settings.load_profile("mutants")
