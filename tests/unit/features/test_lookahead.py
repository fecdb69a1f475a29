"""`check_lookahead` finds every feature that peeks, and passes honest ones."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from alpha_pulse.core.errors import DataError, FeatureError
from alpha_pulse.data import bundled
from alpha_pulse.features.lookahead import check_lookahead, explain
from alpha_pulse.features.own import Bars, Feature, Row, feature
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.kernels.base.jit import kernel


def market(count: int = 1_500) -> Bars:
    """Bars of EURUSD."""
    columns = ReplayFeed.from_file(bundled()["eurusd_1h_2017"]).columns.pick(slice(count))
    assert columns.volume is not None
    missing = np.full(count, np.nan)
    prices = np.array([columns.open, columns.high, columns.low, columns.close, columns.volume, missing, missing])
    return Bars.of(columns.ends().copy(), prices)


BARS = market()


def returns(bars: Bars) -> Row:
    """The log return of each bar, 0 for the first."""
    return np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))


# Features that peek.


def shifted_by_one(bars: Bars) -> Row:
    return np.append(returns(bars)[1:], 0.0)


def centred_mean(bars: Bars) -> Row:
    return np.convolve(returns(bars), np.full(5, 0.2), mode="same")


def scaled_by_the_whole_sample(bars: Bars) -> Any:
    change = returns(bars)
    return (change - change.mean()) / change.std()


def range_of_the_whole_sample(bars: Bars) -> Any:
    return (bars.close - bars.close.min()) / (bars.close.max() - bars.close.min())


def rank_in_the_whole_sample(bars: Bars) -> Row:
    return np.argsort(np.argsort(returns(bars), kind="stable"), kind="stable") / len(bars.close)


def resampled_close(bars: Bars) -> Row:
    """The close of each four-hour bar, given to each of its hours."""
    group = bars.ts // (4 * 3_600_000_000_000)
    last = np.searchsorted(group, group, side="right") - 1
    return np.log(bars.close[last] / bars.close)


def filled_backwards(bars: Bars) -> Row:
    """Large returns only; the gaps between them have the value of the next one."""
    change = returns(bars)
    places = np.where(np.abs(change) > 0.001, np.arange(len(change)), len(change) - 1)
    return change[np.minimum.accumulate(places[::-1])[::-1]]


def interpolated(bars: Bars) -> Row:
    """Every tenth close, joined by straight lines."""
    place = np.arange(len(bars.close))
    return np.interp(place, place[::10], bars.close[::10])


def slope(bars: Bars) -> Row:
    return np.gradient(np.log(bars.close)) * 100.0


def smoothed_in_both_directions(bars: Bars) -> Row:
    def smooth(values: Row) -> Row:
        return np.array(list(itertools.accumulate(values.tolist(), lambda mean, value: 0.9 * mean + 0.1 * value)))

    return smooth(smooth(returns(bars))[::-1])[::-1]


def return_to_the_end(bars: Bars) -> Any:
    return np.log(bars.close[-1] / bars.close)


def labelled_peaks(bars: Bars) -> Row:
    """1 at a close above both of its neighbours."""
    inner = (bars.close[1:-1] > bars.close[:-2]) & (bars.close[1:-1] > bars.close[2:])
    return np.concatenate([[False], inner, [False]]).astype(np.float64)


def residual_of_one_fit(bars: Bars) -> Any:
    """The distance from a line fitted to the whole sample."""
    place = np.arange(len(bars.close)) / len(bars.close)
    return 100.0 * (np.log(bars.close) - np.polyval(np.polyfit(place, np.log(bars.close), 1), place))


@kernel
def compiled_peek(bars: Bars) -> Row:
    found = np.zeros(len(bars.close))
    for i in range(len(bars.close) - 1):
        found[i] = bars.close[i + 1] - bars.close[i]
    return found


PEEKING: list[Callable[[Bars], Any]] = [
    shifted_by_one, centred_mean, scaled_by_the_whole_sample, range_of_the_whole_sample, rank_in_the_whole_sample,
    resampled_close, filled_backwards, interpolated, slope, smoothed_in_both_directions, return_to_the_end, labelled_peaks,
    residual_of_one_fit, compiled_peek,
]  # fmt: skip


@pytest.mark.parametrize("function", PEEKING, ids=lambda function: function.__name__)
def test_a_peeking_feature_is_found(function: Callable[[Bars], Any]) -> None:
    report = check_lookahead(feature(warmup=24)(function), BARS)
    assert {"truncated", "changed"} & {peek.reason for peek in report.peeks}
    for peek in report.peeks:
        assert peek.value != peek.other
        assert 24 <= peek.bar <= 1_500
        assert peek.ts == BARS.ts[peek.bar - 1]
        assert "it uses later bars" in explain(peek)


# Features whose value depends on more than their bars.


def with_memory() -> Feature:
    """An exponential mean that goes on from the call before."""
    mean = 0.0

    @feature(warmup=2)
    def remembered(bars: Bars) -> float:
        nonlocal mean
        mean += 0.1 * (bars.close.item(-1) / bars.close.item(0) - 1.0 - mean)
        return mean

    return remembered


def with_a_cache_of_closes() -> Feature:
    """It answers with the newest close that it was ever given, relative to the one asked for."""
    seen: dict[int, float] = {}

    @feature(warmup=2)
    def cached(bars: Bars) -> float:
        seen.update(zip(bars.ts.tolist(), bars.close.tolist(), strict=True))
        return seen[max(seen)] / bars.close.item(-1)

    return cached


def with_a_shared_generator() -> Feature:
    rng = np.random.default_rng(1)
    return feature(warmup=2)(lambda bars: bars.close[-1] + rng.normal(0.0, 1e-6))


def with_a_scale_fitted_at_its_first_call() -> Feature:
    scales: list[float] = []

    @feature(warmup=24)
    def fitted(bars: Bars) -> Row:
        scales.append(float(returns(bars).std()))
        return returns(bars) / max(scales)

    return fitted


DEPENDENT = [with_memory, with_a_cache_of_closes, with_a_shared_generator, with_a_scale_fitted_at_its_first_call]


@pytest.mark.parametrize("make", DEPENDENT, ids=lambda make: make.__name__)
def test_a_feature_that_remembers_is_found(make: Callable[[], Feature]) -> None:
    report = check_lookahead(make(), BARS)
    assert report.peeks[0].reason == "repeated"
    assert "two values for the same bars" in explain(report.peeks[0])


def test_a_feature_that_reads_the_clock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that changes only each second: the caller pauses for longer."""
    now = [1_000]
    monkeypatch.setattr(time, "time", lambda: now[0])
    seeded = feature(warmup=2)(lambda bars: np.random.default_rng(int(time.time())).normal())
    report = check_lookahead(seeded, BARS, pause=lambda: now.append(now.pop() + 1))
    assert [peek.reason for peek in report.peeks] == ["repeated"]
    assert report.peeks[0].differing == report.peeks[0].of


# Honest features.


def momentum(bars: Bars) -> float:
    return float(np.log(bars.close[-1] / bars.close[0]))


def trailing_mean(bars: Bars) -> Row:
    return np.concatenate([np.full(23, np.nan), sliding_window_view(bars.close, 24).mean(axis=1)])


def running_mean(bars: Bars) -> Row:
    """A mean of all bars so far: causal, though it depends on more bars than its warm-up."""
    return returns(bars).cumsum() / np.arange(1, len(bars.close) + 1) * 1e4


def large(bars: Bars) -> Row:
    return 1e4 * bars.close


def hour(bars: Bars) -> Row:
    return bars.ts // 3_600_000_000_000 % 24 / 24.0


@kernel
def compiled_share_of_rises(bars: Bars) -> float:
    rises = 0
    for i in range(1, len(bars.close)):
        rises += bars.close[i] > bars.close[i - 1]
    return rises / len(bars.close)


@pytest.mark.parametrize(
    "function",
    [momentum, trailing_mean, running_mean, large, hour, returns, compiled_share_of_rises],
    ids=lambda function: function.__name__,
)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_honest_feature_passes(function: Callable[[Bars], Any], seed: int) -> None:
    assert check_lookahead(feature(warmup=24)(function), BARS, seed).ok


def test_what_a_run_would_serve_is_counted() -> None:
    report = check_lookahead(feature(warmup=24)(large), BARS)
    assert (report.compared, report.missing, report.clipped, report.whole) == (200, 0, 200, 0.0)
    report = check_lookahead(feature(warmup=20)(lambda bars: np.nan), BARS)
    assert (report.missing, report.clipped) == (200, 0)
    whole = check_lookahead(feature(warmup=24)(running_mean), BARS).whole
    assert whole is not None
    assert whole > 0.0
    assert check_lookahead(feature(warmup=24)(momentum), BARS).whole is None


MISBEHAVING: list[tuple[Callable[[Bars], Any], str]] = [
    (lambda bars: bars.close[:-1], "it returned an array of shape"),
    (lambda bars: "high", "it returned 'high' for 3 bars"),
    (lambda bars: bars.close[-1] / 0 * np.inf, "it returned inf"),
    (lambda bars: {"y": 0}["x"], "it raised KeyError: 'x'"),
    (lambda bars: bars.close.__setitem__(0, 1.0), "it raised ValueError: assignment destination is read-only"),
]


@pytest.mark.parametrize(("function", "sentence"), MISBEHAVING)
def test_a_violated_contract_is_named(function: Callable[[Bars], Any], sentence: str) -> None:
    with pytest.raises(FeatureError) as caught:
        check_lookahead(feature(warmup=3)(function), BARS)
    assert sentence in str(caught.value)


def test_too_few_bars_are_refused() -> None:
    with pytest.raises(DataError, match="there are 47 bars, but a warm-up of 24 bars is checked on 48 or more"):
        check_lookahead(feature(warmup=24)(momentum), BARS.part(0, 47))
