"""The volatility forecast: its slow twin, labels that come late, saved state, and skill on made bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import ConfigError, StateError, UnknownNameError
from alpha_pulse.features.volatility import VolatilityFeatures
from alpha_pulse.kernels.volatility.forecast import EVENT
from alpha_pulse.models.volatility.forecaster import DEFAULT, FULL, LEAN, Forecast, VolatilityForecaster
from naive_volatility import NaiveForecast
from volatility_bars import Rows, ends, every, levels_of, made_bars

HOUR, H = timedelta(hours=1), 6


@pytest.fixture(scope="module")
def market() -> tuple[Rows, Rows]:
    """Wide rows, and realised volatility with its median."""
    starts = every(HOUR, 3_000, datetime(2024, 2, 20, 15, tzinfo=UTC))
    ts, bars = ends(starts, HOUR), made_bars(starts)
    return VolatilityFeatures(HOUR_NS, [H]).update_rows(ts, bars), levels_of(ts, bars, H)


def test_it_is_the_naive_twin(market: tuple[Rows, Rows]) -> None:
    rows, levels = (part[:700].copy() for part in market)
    levels[600, 0] *= 100.0  # a crash
    levels[650, 0] = 0.0  # prices that stand still
    found = VolatilityForecaster(H, ["har_s", "level_regression"]).update_rows(rows, levels)
    naive = NaiveForecast(H)
    for i, (row, level) in enumerate(zip(rows, levels, strict=True)):
        expected = naive.step(row, level[0], level[1])
        if expected is None:
            assert np.isnan(found.event[i])
            continue
        assert found.volatility[i] == pytest.approx(expected.level, rel=1e-6)
        assert found.sizing[i] == pytest.approx(expected.sizing, rel=1e-6)
        for name in ("means", "scales", "weights"):
            np.testing.assert_allclose(getattr(found, name)[i], getattr(expected, name), rtol=1e-6, atol=1e-6)
        assert found.experts[i, 2] == pytest.approx(1.0 - expected.below, abs=1e-4)
    assert naive.labels == 700 - 2 * H - 199


@pytest.mark.parametrize("members", [LEAN, FULL])
def test_one_by_one_a_block_and_a_restored_copy_are_bit_equal(market: tuple[Rows, Rows], members: tuple[str, ...]) -> None:
    rows, levels = (part[:500] for part in market)
    whole = VolatilityForecaster(H, members).update_rows(rows, levels)
    first, second = VolatilityForecaster(H, members), VolatilityForecaster(H, members)
    single = np.array([first.update(row, *level[:2].tolist()) for row, level in zip(rows[:350], levels, strict=False)])
    assert single[:, EVENT].tobytes() == whole.event[:350].tobytes()
    second.restore(first.snapshot())
    rest = second.update_rows(rows[350:], levels[350:])
    for name in Forecast.__struct_fields__:
        assert getattr(rest, name).tobytes() == getattr(whole, name)[350:].tobytes()


def test_nothing_before_a_bar_depends_on_it_or_on_later_ones(market: tuple[Rows, Rows]) -> None:
    rows, levels = (part[:600].copy() for part in market)
    before = VolatilityForecaster(H).update_rows(rows, levels)
    rows[400:] *= 1.1
    levels[400:] *= 5.0
    after = VolatilityForecaster(H).update_rows(rows, levels)
    for name in Forecast.__struct_fields__:
        assert getattr(before, name)[:400].tobytes() == getattr(after, name)[:400].tobytes()
    assert not np.array_equal(before.event[400:], after.event[400:])


def test_a_label_is_learned_when_its_horizon_has_passed(market: tuple[Rows, Rows]) -> None:
    rows, levels = (part[:420].copy() for part in market)
    before = VolatilityForecaster(H, LEAN).update_rows(rows, levels)
    levels[400, 0] *= 3.0  # the label of the prediction at bar 394
    after = VolatilityForecaster(H, LEAN).update_rows(rows, levels)
    assert np.array_equal(before.event[:400], after.event[:400], equal_nan=True)
    assert before.event[400] != after.event[400]


def test_it_forecasts_made_volatility(market: tuple[Rows, Rows]) -> None:
    rows, levels = market
    forecast = VolatilityForecaster(H, FULL).update_rows(rows, levels)
    late = np.arange(1_000, len(rows) - H)
    realised, event = levels[late + H, 0], levels[late + H, 0] > levels[late, 1]
    usual = levels[late, 1]
    ratio, flat = (realised / forecast.volatility[late]) ** 2, (realised / usual) ** 2
    assert np.mean(ratio - np.log(ratio)) < np.mean(flat - np.log(flat)) - 0.3
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.2)
    losses = -np.log(np.where(event, forecast.event[late], 1.0 - forecast.event[late]))
    assert losses.mean() < np.log(2.0) - 0.1
    low, middle, high = forecast.quantiles([0.05, 0.5, 0.95])[late].T
    inside = (np.log(realised / usual) > low) & (np.log(realised / usual) < high)
    assert inside.mean() == pytest.approx(0.9, abs=0.04)
    assert (middle > low).all()


def test_prices_that_stand_still_give_finite_forecasts(market: tuple[Rows, Rows]) -> None:
    rows, levels = (part[:600].copy() for part in market)
    levels[500:520, 0] = 0.0
    model = VolatilityForecaster(H)
    forecast = model.update_rows(rows, levels)
    assert np.isfinite(forecast.event[300:]).all()
    assert model.healthy()
    unknown = VolatilityForecaster(H).update_rows(rows, np.zeros_like(levels))
    assert np.isnan(unknown.volatility).all()


def test_a_reversed_relation_is_unlearned_within_a_few_hundred_labels(market: tuple[Rows, Rows]) -> None:
    """Beyond the reversal realised volatility is mirrored about its median, so each log ratio changes its sign."""
    rows, levels = (part.copy() for part in market)
    turn = 2_000
    levels[turn:, 0] = levels[turn:, 1] ** 2 / levels[turn:, 0]
    forecast = VolatilityForecaster(H).update_rows(rows, levels)
    late = np.arange(turn + 500, len(rows) - H)
    event = levels[late + H, 0] > levels[late, 1]
    losses = -np.log(np.where(event, forecast.event[late], 1.0 - forecast.event[late]))
    assert losses.mean() < np.log(2.0)


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(UnknownNameError, match="there is no volatility member 'har_g'; did you mean"):
        VolatilityForecaster(12, ["har_g"])
    with pytest.raises(ConfigError, match="expected one or more names, each once"):
        VolatilityForecaster(12, ["har", "har"])
    with pytest.raises(ConfigError, match="expected at least 1 of each"):
        VolatilityForecaster(0)
    with pytest.raises(StateError, match="does not fit this one"):
        VolatilityForecaster(12, LEAN).restore(VolatilityForecaster(12, DEFAULT).snapshot())
