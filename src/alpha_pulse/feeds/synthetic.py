"""Synthetic markets from a seed: a fair game, regimes with known changes, and a planted signal that flips its sign."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from alpha_pulse.core.durations import HOUR_NS, SECOND_NS
from alpha_pulse.feeds.arrays import Floats
from alpha_pulse.feeds.bar_times import regular_starts
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed

START_NS = 1_577_836_800 * SECOND_NS
"""2020-01-01 00:00 UTC: where every synthetic market begins."""
_SUBSTEPS = 4
_PERSISTENCE = 0.98


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a synthetic market.

    Parameters
    ----------
    symbols
        Each gets its own independent bars.
    interval_ns
        The length of a bar.
    price
        The first open.
    volatility
        The standard deviation of the log return of a bar at the usual level of volatility.
    clustering
        The standard deviation of the log of the level of volatility, a stationary AR(1) with coefficient 0.98, so that
        volatility is predictable. 0: constant.
    has_volume
        Whether bars carry a volume, which grows with the size of the move.
    """

    symbols: tuple[str, ...] = ("SYN",)
    interval_ns: int = HOUR_NS
    price: float = 100.0
    volatility: float = 0.002
    clustering: float = 0.35
    has_volume: bool = False


class SyntheticFeed(ReplayFeed):
    """A `ReplayFeed` with known change points.

    Parameters
    ----------
    columns
        The bars.
    change_points
        The indices of the first bars after each change, the same for all symbols.
    about
        What is synthetic, as a sentence for reports and the page; None where nobody is to be told.
    effects
        What each change does, in a few words for the page.
    """

    def __init__(
        self,
        columns: BarColumns,
        change_points: tuple[int, ...] = (),
        *,
        about: str | None = None,
        effects: tuple[str, ...] = (),
    ) -> None:
        super().__init__(columns)
        self.change_points = change_points
        self.about = about
        self.effects = effects


def random_walk(bars: int, seed: int, market: Market | None = None) -> SyntheticFeed:
    """A fair game: at every instant the expected future price is the current price (a martingale).

    A bar opens at the close before it. Its high and low are those of the continuous path, so that a stop filled at its price
    is fair as well: no causal strategy has an expected gross profit.

    Parameters
    ----------
    bars
        For each symbol, > 0.
    seed
        Equal seeds give equal bars.
    market
        By default one symbol ``SYN``, hourly.

    >>> random_walk(100, seed=1).next_slice() == random_walk(100, seed=1).next_slice()
    True
    """
    return _make_feed(bars, seed, market or Market(), np.zeros(bars), np.ones(bars), np.zeros(bars), ())


def regimes(
    bars: int,
    seed: int,
    change_points: Sequence[int],
    market: Market | None = None,
    levels: Sequence[tuple[float, float]] = ((0.0, 1.0), (0.05, 0.5), (-0.05, 3.0)),
) -> SyntheticFeed:
    """Alternating regimes of trend and volatility, each starting at a known bar.

    Parameters
    ----------
    bars, seed, market
        As in `random_walk`.
    change_points
        The first bars of the regimes after the first; increasing, inside 1 .. bars - 1.
    levels
        (trend, factor of volatility) of each regime, in turn: the trend is a bar's expected log return in units of its
        volatility.

    >>> regimes(300, seed=1, change_points=[100, 200]).change_points
    (100, 200)
    """
    turn = _changes_before(bars, change_points) % len(levels)
    trend, factor = np.asarray(levels, dtype=np.float64)[turn].T
    return _make_feed(bars, seed, market or Market(), trend, factor, np.zeros(bars), tuple(change_points))


def planted_signal(
    bars: int, seed: int, change_points: Sequence[int], market: Market | None = None, strength: float = 0.35
) -> SyntheticFeed:
    """Returns that predict the next ones; at each change point the sign of the relation flips.

    A bar's return, in units of its volatility, has correlation ``strength`` with the one before, then ``-strength``, and so on.
    `sign_accuracy` gives the best possible fraction of right directions.

    Parameters
    ----------
    bars, seed, market
        As in `random_walk`.
    change_points
        The bars at which the sign flips; increasing, inside 1 .. bars - 1.
    strength
        Inside -1 .. 1.

    >>> planted_signal(300, seed=1, change_points=[150]).total_bars
    300
    """
    sign = np.where(_changes_before(bars, change_points) % 2 == 0, 1.0, -1.0)
    return _make_feed(bars, seed, market or Market(), np.zeros(bars), np.ones(bars), strength * sign, tuple(change_points))


def sign_accuracy(strength: float, horizon: int) -> float:
    """The probability that the sign of the last return times the sign of ``strength`` is the sign of the sum of the next
    ``horizon`` returns.

    For a Gaussian AR(1) the two correlate by c, and their signs agree with probability 1/2 + arcsin(c)/pi (Sheppard, 1899).

    >>> round(sign_accuracy(0.35, 1), 3), round(sign_accuracy(0.35, 3), 3), round(sign_accuracy(-0.35, 3), 3)
    (0.614, 0.577, 0.564)
    """
    lags = range(1, horizon + 1)
    covariance = sum(strength**lag for lag in lags)
    variance = horizon + 2.0 * sum((horizon - lag) * strength**lag for lag in range(1, horizon))
    return 0.5 + math.asin(abs(covariance) / math.sqrt(variance)) / math.pi


def _changes_before(bars: int, change_points: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many change points lie at or before each bar."""
    points = np.asarray(change_points, dtype=np.int64)
    if points.size and (np.any(np.diff(points) <= 0) or points[0] < 1 or points[-1] >= bars):
        raise ValueError(f"the change points are {list(change_points)}; expected increasing indices from 1 to {bars - 1}")
    return np.searchsorted(points, np.arange(bars), side="right")


def _make_feed(
    bars: int, seed: int, market: Market, trend: Floats, factor: Floats, memory: Floats, change_points: tuple[int, ...]
) -> SyntheticFeed:
    """The common generator: ``trend`` and ``memory`` (of the return before) in units of volatility; shape (bars,)."""
    symbols = tuple(sorted(market.symbols))
    children = np.random.SeedSequence(seed).spawn(len(symbols))
    parts = [_symbol_bars(np.random.default_rng(child), bars, market, trend, factor, memory) for child in children]
    starts = regular_starts(START_NS, bars, market.interval_ns)
    columns = BarColumns(
        symbols=symbols,
        interval_ns=market.interval_ns,
        code=np.repeat(np.arange(len(symbols), dtype=np.int64), bars),
        ts_start=np.tile(starts, len(symbols)),
        open=np.concatenate([part[0] for part in parts]),
        high=np.concatenate([part[1] for part in parts]),
        low=np.concatenate([part[2] for part in parts]),
        close=np.concatenate([part[3] for part in parts]),
        volume=np.concatenate([part[4] for part in parts]) if market.has_volume else None,
    )
    return SyntheticFeed(columns, change_points)


def _symbol_bars(
    rng: np.random.Generator, bars: int, market: Market, trend: Floats, factor: Floats, memory: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Open, high, low, close and volume of one symbol, each of shape (bars,)."""
    sigma = market.volatility * factor * np.exp(market.clustering * _level(rng.standard_normal(bars)))
    noise = rng.standard_normal((bars, _SUBSTEPS))
    step = sigma / math.sqrt(_SUBSTEPS)
    shock = noise.sum(axis=1) / math.sqrt(_SUBSTEPS)
    expected = trend.copy()
    spread = np.sqrt(1.0 - memory**2)
    if memory.any():
        before = 0.0
        for bar in range(bars):
            expected[bar] += memory[bar] * before
            before = expected[bar] + spread[bar] * shock[bar]
    step = step * spread
    drift = (expected * sigma / _SUBSTEPS)[:, None] - 0.5 * (step**2)[:, None]  # exp(step z - step^2 / 2) has mean 1
    moves = drift + step[:, None] * noise
    up, down = (_extreme(moves, step, 1.0 - rng.random((bars, _SUBSTEPS)), sign) for sign in (1.0, -1.0))
    path = np.cumsum(moves.ravel()).reshape(bars, _SUBSTEPS)
    began = np.concatenate([[0.0], path.ravel()[:-1]]).reshape(bars, _SUBSTEPS)
    close = market.price * np.exp(path[:, -1])
    open_ = np.concatenate([[market.price], close[:-1]])
    # rounding may put an extreme slightly inside the body
    high = np.maximum(market.price * np.exp((began + up).max(axis=1)), np.maximum(open_, close))
    low = np.minimum(market.price * np.exp((began + down).min(axis=1)), np.minimum(open_, close))
    volume = 1_000.0 * np.exp(0.5 * np.abs(moves.sum(axis=1)) / market.volatility + 0.3 * rng.standard_normal(bars))
    return open_, high, low, close, volume


def _level(noise: Floats) -> Floats:
    """A stationary AR(1) of unit variance, driven by ``noise``."""
    level = np.empty_like(noise)
    now = 0.0
    fresh = math.sqrt(1.0 - _PERSISTENCE**2)
    for bar in range(noise.size):
        now = noise[bar] if bar == 0 else _PERSISTENCE * now + fresh * noise[bar]
        level[bar] = now
    return level


def _extreme(moves: Floats, step: Floats, uniform: Floats, sign: float) -> Floats:
    """The farthest point, upwards or downwards, of a Brownian bridge from 0 to each of ``moves``.

    Exact: P(maximum > m | end x) = exp(-2 m (m - x) / variance), inverted.
    """
    return 0.5 * (moves + sign * np.sqrt(moves**2 - 2.0 * (step**2)[:, None] * np.log(uniform)))
