"""The bars of ``--demo``: ``drift``, a synthetic market that changes at known bars, and ``eurusd``, the bundled year."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.core.durations import MINUTE_NS
from alpha_pulse.feeds.synthetic import Market, SyntheticFeed, planted_signal

DRIFT, EURUSD = "drift", "eurusd"
DEMOS = (DRIFT, EURUSD)
BARS, PERIOD = 20_000, 2_500
STRENGTH = 0.6
SEED = 3
DECIMALS = 4
MARKET = Market(symbols=("SYNTHETIC",), interval_ns=5 * MINUTE_NS, volatility=0.00027)
"""Bars of five minutes that are as volatile as EURUSD of 2017, so that costs are as large as there beside the moves."""
ABOUT = (
    f"the bars of SYNTHETIC are made by a generator, not by a market: the returns of two successive bars have a correlation of "
    f"{STRENGTH:g} or -{STRENGTH:g}, and its sign changes every {PERIOD:,} bars; no market can be predicted so well, so "
    "profit and loss of this run say nothing about trading"
)
EFFECTS = ("moves begin to reverse", "moves begin to continue")
"""What the changes do, in turn."""


def drift(seed: int = SEED) -> SyntheticFeed:
    """A market in which a bar's return tends to continue in the next bar, later to reverse, then again to continue, and so on.

    The sign changes at bar 2,500, after the first training of the batch model (with default settings, at bar 2,000), and every
    2,500 bars from there on. Prices are rounded to 4 decimals, so that they do not depend on the last bits of a machine's
    exponential.

    Parameters
    ----------
    seed
        Equal seeds give equal bars. The default is a typical one of 20, see docs/results.md.

    >>> feed = drift()
    >>> feed.symbols, feed.total_bars, feed.change_points[:3]
    (('SYNTHETIC',), 20000, (2500, 5000, 7500))
    """
    changes = tuple(range(PERIOD, BARS, PERIOD))
    columns = planted_signal(BARS, seed, changes, MARKET, strength=STRENGTH).columns
    prices = {name: np.round(getattr(columns, name), DECIMALS) for name in ("open", "high", "low", "close")}
    effects = tuple(EFFECTS[number % 2] for number in range(len(changes)))
    return SyntheticFeed(msgspec.structs.replace(columns, **prices), changes, about=ABOUT, effects=effects)
