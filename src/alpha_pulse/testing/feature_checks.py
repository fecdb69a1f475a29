"""Checks of the contract of own features.

A check takes a feature and raises AssertionError where it breaks the contract:

>>> from alpha_pulse.features.own import Bars, feature
>>> @feature(warmup=13)
... def momentum(bars: Bars) -> float:
...     return 100.0 * (bars.close[-1] / bars.close[0] - 1.0)
>>> for check in yield_feature_checks():
...     check(momentum)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import FeatureError
from alpha_pulse.features.lookahead import LookaheadReport, check_lookahead, explain
from alpha_pulse.features.own import Bars, Feature

MOST_CLIPPED = 0.2
"""Share of values beyond +-10, at most."""


def random_bars(count: int, seed: int, price: float = 100.0, volatility: float = 0.01) -> Bars:
    """Hourly bars of a random walk with volume and quotes; ``volatility`` per bar, a log return, 0 for constant prices."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(volatility * rng.normal(size=count)))
    opened = np.append(close[:1], close[:-1])
    high = np.maximum(opened, close) * np.exp(volatility * rng.random(count))
    low = np.minimum(opened, close) * np.exp(-volatility * rng.random(count))
    ts = (np.arange(count) + 438_289) * HOUR_NS
    return Bars.of(ts, np.array([opened, high, low, close, rng.lognormal(8.0, 1.0, count), close * 0.9999, close * 1.0001]))


def check_feature_gives_numbers(feature: Feature) -> None:
    """It gives a finite number or NaN at usual, constant, tiny and huge prices, and without volume or quotes."""
    count = feature.warmup + 50
    for price, volatility in ((100.0, 0.01), (100.0, 0.0), (1e-6, 0.05), (1e9, 0.001)):
        bars = random_bars(count, 1, price, volatility)
        missing = np.full(count, np.nan)
        for given in (bars, bars._replace(volume=missing, bid=missing, ask=missing)):
            for end in range(feature.warmup, count + 1):
                try:
                    feature.newest(given.part(end - feature.warmup, end))
                except FeatureError as error:
                    raise AssertionError(f"at prices near {price:g} that move by {volatility:g} per bar {error}") from error


def check_feature_has_values(feature: Feature) -> None:
    """On usual bars it has a value now and then, and not always the same one."""
    report, values = _report(feature), _values(feature)
    assert report.missing < report.compared, f"all of {report.compared} values are NaN; is the warm-up long enough?"
    known = values[~np.isnan(values)]
    assert len(known) < 2 or np.ptp(known) > 0.0, f"all values are {known[0]!r}; a constant feature teaches nothing"


def check_feature_is_of_usual_size(feature: Feature) -> None:
    """At most a fifth of its values on usual bars is beyond +-10, where values are clipped."""
    report = _report(feature)
    assert report.clipped <= MOST_CLIPPED * report.compared, (
        f"{report.clipped} of {report.compared} values are beyond +-10 and would be clipped; divide by a typical size"
    )


def check_feature_depends_on_its_bars_only(feature: Feature) -> None:
    """Asked twice, in another order, it gives equal values, bit for bit: it keeps nothing between calls."""
    for peek in _report(feature).peeks:
        assert peek.reason != "repeated", explain(peek)


def check_feature_has_no_lookahead(feature: Feature) -> None:
    """A function that returns a value for each bar gives equal ones, bit for bit, whatever comes after the bar."""
    for peek in _report(feature).peeks:
        assert peek.reason == "repeated", f"at bar {peek.bar} {explain(peek)}"


def yield_feature_checks() -> Iterator[Callable[[Feature], None]]:
    """All checks of an own feature; those whose failures are the most informative come first."""
    yield check_feature_gives_numbers
    yield check_feature_depends_on_its_bars_only
    yield check_feature_has_no_lookahead
    yield check_feature_has_values
    yield check_feature_is_of_usual_size


def _usual(feature: Feature) -> Bars:
    return random_bars(3 * feature.warmup + 300, 2)


def _report(feature: Feature) -> LookaheadReport:
    return check_lookahead(feature, _usual(feature))


def _values(feature: Feature) -> np.ndarray:
    bars = _usual(feature)
    ends = range(feature.warmup, len(bars.ts) + 1, 7)
    return np.array([feature.newest(bars.part(end - feature.warmup, end)) for end in ends])
