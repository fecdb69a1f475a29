"""The positions of a book over time, from its fills and the closes of the bars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Exposure(NamedTuple):
    """Value of the positions over the equity, by step: ``gross`` with shorts as positive, ``net`` with shorts as negative.

    Both float64 of shape (n,), fractions; NaN where the equity is not positive. ``held``: bool of shape (n,), whether there was
    any position.
    """

    gross: Floats
    net: Floats
    held: NDArray[np.bool_]


def exposure(equity: pl.DataFrame, fills: pl.DataFrame, bars: pl.DataFrame, units: pl.DataFrame) -> Exposure:
    """The exposure of one book after each of its steps, at the newest close of each symbol.

    Parameters
    ----------
    equity, fills
        The rows of one book of the tables of these names (docs/reference/tables.md).
    bars, units
        The whole tables.
    """
    steps, values = equity["seq"].to_numpy(), equity["equity_cash"].to_numpy()
    gross, net = np.zeros(len(steps)), np.zeros(len(steps))
    held = np.zeros(len(steps), dtype=np.bool_)
    decimals = dict(zip(units["symbol"], units["quantity_decimals"], strict=True))
    for symbol in fills["symbol"].unique(maintain_order=True):
        own, of_symbol = fills.filter(symbol=symbol), bars.filter(symbol=symbol)
        # Sums of decimal fractions: rounded to whole parts of a unit, so that a closed position is 0.
        positions = np.round(np.cumsum(own["quantity"].to_numpy()), decimals[symbol])
        quantity = _newest(steps, own["seq"].to_numpy(), positions)
        value = quantity * _newest(steps, of_symbol["seq"].to_numpy(), of_symbol["close"].to_numpy())
        gross += np.abs(value)
        net += value
        held |= quantity != 0.0
    solvent = values > 0.0
    blank = np.full(len(steps), np.nan)
    return Exposure(
        np.divide(gross, values, out=blank.copy(), where=solvent), np.divide(net, values, out=blank, where=solvent), held
    )


def _newest(steps: Whole, seqs: Whole, values: Floats) -> Floats:
    """The newest of ``values``, known at ``seqs``, at each of ``steps``; 0 before the first."""
    places = np.searchsorted(seqs, steps, side="right") - 1
    found: Floats = np.where(places >= 0, values[np.maximum(places, 0)], 0.0)
    return found
