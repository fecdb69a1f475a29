from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.base.moments import ema_weight, log_ratio, quotient, wilder_weight


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_until_the_span_is_full_both_are_plain_means(values: list[float]) -> None:
    for weight in (ema_weight, wilder_weight):
        mean = 0.0
        for i, value in enumerate(values):
            mean += weight(i + 1.0, 30.0) * (value - mean)
        assert math.isclose(mean, math.fsum(values) / len(values), rel_tol=1e-9, abs_tol=1e-6)


def test_weights_after_the_span_is_full() -> None:
    assert ema_weight(10.0, 9.0) == 0.2
    assert wilder_weight(11.0, 10.0) == 0.1


@given(above=st.floats(0.0, 1e15), below=st.floats(0.0, 1e15))
def test_ratios_are_never_nan(above: float, below: float) -> None:
    assert not math.isnan(quotient(above, below))
    assert log_ratio(above, below, 0.01) >= math.log(0.01)


@given(value=st.floats(1e-12, 1e12))
def test_a_value_against_itself_is_0(value: float) -> None:
    assert log_ratio(value, value, 0.01) == 0.0
