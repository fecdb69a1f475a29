"""Serves one of several members, or a mixture of them, by the strategy in force, and learns from labels who deserves to serve.

The state is in arrays of their own: ``calibrators`` (`alpha_pulse.kernels.mixing.ensemble`), ``statistics``
(`alpha_pulse.kernels.mixing.strategies`) and ``ladder`` (`alpha_pulse.kernels.mixing.promotion`). ``ready`` (members,) is 0 for
a member that may not serve; it is scored all the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.scores import LABEL
from alpha_pulse.kernels.mixing import ensemble, promotion, strategies
from alpha_pulse.kernels.mixing.ensemble import N_MIXED, PROBABILITIES, SERVING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def serve(
    calibrators: Floats, statistics: Floats, ladder: Floats, ready: Ints, strategy: int, step: int, row: Floats, mixed: Floats
) -> None:
    """Serve a step whose calibrated probabilities are in ``row`` and ``mixed``, see `alpha_pulse.kernels.mixing.ensemble`."""
    champion = promotion.serving(ladder, step) if strategy == strategies.CHAMPION else promotion.NOBODY
    strategies.weigh(strategy, statistics, mixed[PROBABILITIES], ready, champion, mixed[SERVING])
    ensemble.serve(calibrators, row, mixed)


@kernel
def learn(calibrators: Floats, statistics: Floats, ladder: Floats, strategy: int, step: int, row: Floats, mixed: Floats) -> int:
    """Learn from a labelled row; returns what happened on the ladder, `promotion.NOTHING` to `promotion.ROLLED_BACK`.

    ``step`` is the one of the prediction; the stored probabilities of further members are in ``mixed``.
    """
    for k in range(N_MIXED):
        mixed[PROBABILITIES, k] = row[k]
    label = int(row[LABEL])
    strategies.learn(statistics, mixed[PROBABILITIES], label)
    ensemble.update(calibrators, row)
    if strategy != strategies.CHAMPION:
        return promotion.NOTHING
    return int(promotion.learn(ladder, mixed[PROBABILITIES], label, step))
