from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.kernels.execution.sizing import target_fraction, within_band
from execution_samples import Trading, bar, sizing

positive = st.floats(1e-4, 10.0)


@given(st.floats(-1.0, 1.0), positive, positive, st.floats(0.5, 1.5), st.floats(0.01, 5.0))
def test_the_fraction_is_odd_bounded_and_shrinks_with_the_forecast(
    direction: float, forecast: float, target: float, quality: float, most: float
) -> None:
    fraction = target_fraction(direction, forecast, target, quality, most)
    assert abs(fraction) <= most
    assert target_fraction(-direction, forecast, target, quality, most) == -fraction
    assert abs(target_fraction(direction, 2 * forecast, target, quality, most)) <= abs(fraction)
    assert fraction == pytest.approx(max(-most, min(most, direction * target / forecast * quality)))


@pytest.mark.parametrize("rule", ["signal", "cost_aware"])
def test_no_size_without_an_annual_forecast(rule: str) -> None:
    config = msgspec.convert({"execution": {"shadow_books": False, "entry_rule": rule}}, Config)
    trading = Trading(config)
    timeless = msgspec.structs.replace(sizing(bar(1), 1.0, probability=0.9), bars_per_year=0.0)
    with pytest.raises(NonFiniteError, match="above 0"):
        trading.step(timeless)
    if rule == "cost_aware":  # which does not size what does not pay
        trading.step(msgspec.structs.replace(timeless, probability=0.5))


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(0, 100))
def test_the_band_never_holds_back_flat(held: int, target: int, band: int) -> None:
    kept = within_band(held, target, float(band))
    if held == target:
        assert kept
    elif target == 0:
        assert not kept
    else:
        assert kept == (abs(target - held) < band)


@pytest.mark.parametrize(
    ("held", "target", "small"),
    [
        (100, 110, True),
        (100, 120, False),
        (100, 100, True),
        (10, 0, False),
        (-10, 0, False),
        (0, 0, True),
        (0, 19, True),
        (5, -5, True),
        (15, -15, False),
    ],
)
def test_small_changes_are_not_made_but_to_flat_always(held: int, target: int, small: bool) -> None:
    assert within_band(held, target, 20.0) is small
    assert within_band(-held, -target, 20.0) is small
