"""All checks of plug-ins, by family.

Each check is a function of a factory and raises an AssertionError that states how the contract is broken. A plug-in's own tests
run them all::

    @pytest.mark.parametrize("check", yield_model_checks(), ids=lambda check: check.__name__)
    def test_my_model(check):
        check(lambda: MyModel(n_features=5, horizon=1, seed=1))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alpha_pulse.testing.agent_checks import AgentFactory, yield_agent_checks
from alpha_pulse.testing.batch_model_checks import BatchModelFactory, yield_batch_model_checks
from alpha_pulse.testing.compiled_model_checks import CompiledFactory, yield_compiled_model_checks
from alpha_pulse.testing.detector_checks import DetectorFactory, yield_detector_checks
from alpha_pulse.testing.family_checks import MULTI_CLASS, REGRESSION, Factory, yield_family_checks
from alpha_pulse.testing.feature_checks import yield_feature_checks
from alpha_pulse.testing.model_checks import ModelFactory, yield_model_checks

__all__ = [
    "AgentFactory",
    "BatchModelFactory",
    "CompiledFactory",
    "DetectorFactory",
    "Factory",
    "ModelFactory",
    "yield_agent_checks",
    "yield_batch_model_checks",
    "yield_compiled_model_checks",
    "yield_detector_checks",
    "yield_feature_checks",
    "yield_model_checks",
    "yield_multi_class_checks",
    "yield_regression_checks",
]


def yield_multi_class_checks() -> Iterator[Callable[[Factory], None]]:
    """All checks of a `MultiClassModel`."""
    return yield_family_checks(MULTI_CLASS)


def yield_regression_checks() -> Iterator[Callable[[Factory], None]]:
    """All checks of a `RegressionModel`."""
    return yield_family_checks(REGRESSION)
