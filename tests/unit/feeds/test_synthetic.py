from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.feeds.arrays import Floats
from alpha_pulse.feeds.synthetic import Market, SyntheticFeed, planted_signal, random_walk, regimes, sign_accuracy


def returns(feed: SyntheticFeed) -> Floats:
    return np.asarray(np.log(feed.columns.close / feed.columns.open))


def test_equal_seeds_give_equal_bars_and_others_do_not() -> None:
    identities = [random_walk(200, seed).identity for seed in (1, 1, 2)]
    assert identities[0] == identities[1] != identities[2]


def test_a_bar_opens_at_the_close_before() -> None:
    bars = planted_signal(500, 3, [250]).columns
    assert np.array_equal(bars.open[1:], bars.close[:-1])


def test_symbols_are_independent_and_share_their_times() -> None:
    feed = random_walk(3_000, 5, Market(symbols=("B", "A"), has_volume=True))
    assert feed.symbols == ("A", "B")
    first = feed.next_slice()
    assert first is not None
    assert [bar.symbol for bar in first] == ["A", "B"]
    assert all(bar.volume is not None and bar.volume > 0 for bar in first)
    bars = returns(feed)
    assert abs(np.corrcoef(bars[0::2], bars[1::2])[0, 1]) < 0.06


def test_the_random_walk_is_a_fair_game_also_for_stops() -> None:
    """Gross profits per bar of holding, of a stop below and of one above: each |z| beyond 1.96 in about 5 % of runs."""
    runs = 200
    beyond = np.zeros(3)
    for seed in range(runs):
        bars = random_walk(1_000, 1_000 + seed).columns
        below, above = bars.open * 0.9985, bars.open * 1.0015
        exits = (bars.close, np.where(bars.low <= below, below, bars.close), np.where(bars.high >= above, above, bars.close))
        for place, leave in enumerate(exits):
            profit = leave / bars.open - 1.0
            beyond[place] += abs(profit.mean() / profit.std() * np.sqrt(profit.size)) > 1.96
    assert np.all(beyond >= 1)  # the binomial 99.9 % band of 5 % of 200 runs
    assert np.all(beyond <= 21)


def test_volatility_can_be_foretold() -> None:
    size = np.abs(returns(random_walk(20_000, 8)))
    assert np.corrcoef(size[:-1], size[1:])[0, 1] > 0.05
    flat = np.abs(returns(random_walk(20_000, 8, Market(clustering=0.0))))
    assert abs(np.corrcoef(flat[:-1], flat[1:])[0, 1]) < 0.03


def test_regimes_change_where_they_say() -> None:
    feed = regimes(9_000, 4, [3_000, 6_000], Market(clustering=0.0))
    calm, quiet, wild = np.split(returns(feed), feed.change_points)
    assert quiet.std() == pytest.approx(calm.std() / 2, rel=0.1)
    assert wild.std() == pytest.approx(calm.std() * 3, rel=0.1)
    assert quiet.mean() / quiet.std() == pytest.approx(0.05, abs=0.05)


def test_the_planted_signal_flips_where_it_says() -> None:
    feed = planted_signal(30_000, 7, [10_000, 20_000])
    parts = np.split(returns(feed), feed.change_points)
    for part, sign in zip(parts, (1, -1, 1), strict=True):
        assert np.corrcoef(part[:-1], part[1:])[0, 1] * sign == pytest.approx(0.35, abs=0.05)
        right = np.mean(np.sign(part[:-1]) * sign == np.sign(part[1:]))
        assert right == pytest.approx(sign_accuracy(0.35, 1), abs=0.02)
        ahead = np.lib.stride_tricks.sliding_window_view(part[1:], 3).sum(axis=1)
        right = np.mean(np.sign(part[: ahead.size]) * sign == np.sign(ahead))
        assert right == pytest.approx(sign_accuracy(0.35 * sign, 3), abs=0.02)


@pytest.mark.parametrize("points", [[0], [100], [50, 50], [60, 40]])
def test_change_points_outside_are_refused(points: list[int]) -> None:
    with pytest.raises(ValueError, match=r"expected increasing indices from 1 to 99"):
        planted_signal(100, 1, points)
