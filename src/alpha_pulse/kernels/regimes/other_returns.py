"""The returns of the other symbols at the same instant: for each symbol, the mean log return of the others."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.exact_sum import add_exactly, rounded_sum
from alpha_pulse.kernels.base.jit import kernel


@kernel
def mean_other_returns(
    last_closes: NDArray[np.float64], closes: NDArray[np.float64], partials: NDArray[np.float64], others: NDArray[np.float64]
) -> None:
    """For each slice and symbol of ``closes`` (n, s) the mean log return of the other symbols, into ``others`` (n, s).

    A close is NaN where the slice has no bar of the symbol. The mean is NaN for a symbol without a return, and for all where
    fewer than two have one. ``last_closes`` (s,), 0 before a symbol's first bar, is kept up to date.

    The sum is rounded once, so it does not depend on the order, and subtracting a return leaves exactly 0 if the others did not
    move. ``partials`` (s,) is scratch.
    """
    symbols = closes.shape[1]
    for i in range(closes.shape[0]):
        count, held = 0, 0
        for k in range(symbols):
            others[i, k] = np.nan
            close = closes[i, k]
            if math.isnan(close):
                continue
            if last_closes[k] != 0.0:
                others[i, k] = math.log(close / last_closes[k])
                held = add_exactly(partials, held, others[i, k])
                count += 1
            last_closes[k] = close
        total = rounded_sum(partials, held)
        for k in range(symbols):
            others[i, k] = (total - others[i, k]) / (count - 1) if count >= 2 else np.nan
