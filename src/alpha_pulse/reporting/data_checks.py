"""Checks of the data, and of settings that do not suit them. Warnings are reported before a run starts, and in its result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpha_pulse.core.config import Config, for_symbol
from alpha_pulse.data.demos import ABOUT, MARKET, drift
from alpha_pulse.feeds.base import Feed
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.notes import some
from alpha_pulse.feeds.quality.warnings import find_warnings
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import SyntheticFeed
from alpha_pulse.reporting.required_bars import too_few_bars
from alpha_pulse.venues.money import cash_text

COARSE = 0.1
"""A lot is reported when it is worth more than this fraction of a whole position."""
COARSE_TICK = 0.01
"""A tick is reported when it is more than this fraction of the price."""


def check_data(config: Config, feed: Feed) -> list[str]:
    """One sentence for each warning about ``feed``, or about ``config`` for this feed. Equal inputs give equal sentences.

    >>> from alpha_pulse.core.config import BatchConfig
    >>> from alpha_pulse.feeds.synthetic import random_walk
    >>> check_data(Config(batch=BatchConfig(enabled=False)), random_walk(10, seed=1))  # doctest: +ELLIPSIS
    ['SYN has 10 bars, but the first prediction is made at bar 50: nothing is predicted or traded there; ...']
    """
    if not isinstance(feed, ReplayFeed):
        return []
    bars = dict(zip(feed.symbols, np.bincount(feed.columns.code, minlength=len(feed.symbols)).tolist(), strict=True))
    return [
        *([feed.about] if isinstance(feed, SyntheticFeed) and feed.about is not None else []),
        *(note.text for note in find_warnings(feed.columns, interval_stated=not feed.interval_inferred)),
        *too_few_bars(config, bars),
        *_misfits(config, feed),
    ]


def check_first_bars(config: Config, columns: BarColumns, identity: str) -> list[str]:
    """The same of the first bars of data of which more may follow, as a stored run has them.

    Parameters
    ----------
    config
        Of the run.
    columns
        Its bars so far.
    identity
        Of all its data.
    """
    synthetic = columns.symbols == MARKET.symbols and identity == drift().identity
    notes = find_warnings(columns)
    return [*([ABOUT] if synthetic else []), *(note.text for note in notes), *_misfits(config, ReplayFeed(columns))]


def _misfits(config: Config, feed: ReplayFeed) -> list[str]:
    """Warnings of settings that do not suit the prices."""
    return [*_too_dear(config, feed), *_too_large_orders(config, feed.symbols), *_too_coarse_ticks(config, feed)]


def _too_dear(config: Config, feed: ReplayFeed) -> list[str]:
    """Warn of a lot worth a large fraction of a whole position, which leaves few sizes."""
    position = config.execution.initial_cash * config.risk.max_position_fraction / len(feed.symbols)
    smallest = {
        symbol: lot * float(feed.columns.close[feed.columns.code == index].min())
        for index, symbol in enumerate(feed.symbols)
        if (lot := for_symbol(config.venue.lot_size, symbol)) is not None
    }
    dear = [symbol for symbol, worth in smallest.items() if worth > COARSE * position]
    if not dear:
        return []
    least = min(smallest[symbol] for symbol in dear)
    return [
        f"one lot of {some(dear)} (venue.lot_size) is worth {least:,.2f} or more, but a whole position {position:,.2f}: "
        "quantities are rounded down to lots, so little or nothing can be traded; raise execution.initial_cash, or set a "
        "smaller lot"
    ]


def _too_large_orders(config: Config, symbols: Sequence[str]) -> list[str]:
    """Warn of a smallest order worth more than a whole position, which prevents all trades."""
    cash, risk = config.execution.initial_cash, config.risk
    most = cash * min(risk.max_position_fraction / len(symbols), risk.max_order_fraction)
    least = {symbol: for_symbol(config.venue.min_order_value, symbol) for symbol in symbols}
    smallest = config.execution.min_order_fraction * cash
    barred = [symbol for symbol, value in least.items() if (smallest if value is None else value) > most]
    if not barred:
        return []
    return [
        f"the smallest order of {some(barred)} is worth more than a whole position, {cash_text(most)}: nothing is traded "
        "there; lower venue.min_order_value or execution.min_order_fraction, or raise execution.initial_cash"
    ]


def _too_coarse_ticks(config: Config, feed: ReplayFeed) -> list[str]:
    """Warn of a large tick: fill prices are rounded to the tick against the trader."""
    coarse = {
        symbol: tick / float(feed.columns.close[feed.columns.code == index].min())
        for index, symbol in enumerate(feed.symbols)
        if (tick := for_symbol(config.venue.tick_size, symbol)) is not None
    }
    coarse = {symbol: fraction for symbol, fraction in coarse.items() if fraction > COARSE_TICK}
    if not coarse:
        return []
    return [
        f"one tick of {some(list(coarse))} (venue.tick_size) is up to {100 * max(coarse.values()):.3g} % of the price, by "
        "which each fill is rounded against the trader; set the tick of the market, in units of its price"
    ]
