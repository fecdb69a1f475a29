"""Did the loop keep its promises: models fresh, drift found and answered, online better than frozen, and what that earned."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from alpha_pulse.engine.adaptation_speed import adaptation_speed
from alpha_pulse.engine.freshness import mean_and_longest_s
from alpha_pulse.engine.gateway_run import AdaptationSpeed, EarnedByMl
from alpha_pulse.engine.ml_earnings import earned_by_ml
from alpha_pulse.engine.scoring import Paired, compare
from alpha_pulse.engine.system import System
from alpha_pulse.engine.tally import Floats, Tally
from alpha_pulse.kernels.scores import BATCH, ONLINE


class SuccessMetrics(msgspec.Struct, frozen=True):
    """Of the market targets' sessions; None where nothing of the kind happened.

    ``model_freshness_*_s``: market time since the members of a prediction last learnt, weighted as they were in what was
    served; mean and largest over predictions. ``pnl_by_ml`` is None without the two books, on too few bars for an interval, and
    of one symbol among several, since books are marked as a whole.
    """

    model_freshness_mean_s: float | None
    model_freshness_max_s: float | None
    adaptation_speed: AdaptationSpeed
    online_minus_batch: dict[str, Paired]
    pnl_by_ml: EarnedByMl | None


def success_metrics(system: System, found: Tally, sessions: Sequence[tuple[str, str]]) -> SuccessMetrics:
    """Over ``sessions``, as (symbol, target) of market targets."""
    places = {symbol: place for place, symbol in enumerate(found.symbols)}
    wanted = sorted({places[symbol] for symbol, _ in sessions})
    everything = len(wanted) == len(places)
    paired: dict[str, Paired] = {}
    for target, table in found.tables.items():
        scores: Floats = table.scores[np.isin(table.symbol, wanted)]
        paired[target] = compare(scores, ONLINE, BATCH)
    mean_s, longest_s = mean_and_longest_s(found.freshness[session] for session in sessions)
    return SuccessMetrics(
        model_freshness_mean_s=mean_s,
        model_freshness_max_s=longest_s,
        adaptation_speed=adaptation_speed(
            [episode for session in sessions for episode in system.adaptation.recovery(*session).episodes]
        ),
        online_minus_batch=paired,
        pnl_by_ml=earned_by_ml(found.earnings, system.config.seed, system.execution.cash) if everything else None,
    )
