"""The success metrics of a run: structs named as on the wire and in the report."""

from __future__ import annotations

import msgspec

from alpha_pulse.metrics.members import OnlineMinusBatch


class MlPnl(msgspec.Struct, frozen=True):
    """P&L of the combined book minus that of the book that follows the rules alone, in units of cash.

    ``*_low`` and ``*_high``: 95 % of the total under the circular block bootstrap of its steps; a result without an interval is
    not given at all.
    """

    net: float
    net_low: float
    net_high: float
    gross: float
    gross_low: float
    gross_high: float


class ResponseTimes(msgspec.Struct, frozen=True):
    """Means over ``episodes``, all of the same ones, from the change as the alarm dates it: in labels and in market seconds.

    None where there is no episode, or where the step is not part of what these episodes have in common.
    """

    episodes: int
    samples_to_alarm: float | None = None
    market_s_to_alarm: float | None = None
    samples_to_action: float | None = None
    market_s_to_action: float | None = None
    samples_to_recovery: float | None = None
    market_s_to_recovery: float | None = None


class AdaptationSpeed(msgspec.Struct, frozen=True):
    """Episodes of drift in the errors of sessions, and how far each came.

    ``drifts`` counts all of them, ``accepted`` those whose action passed its trial. ``acted``: those that led to an action.
    ``recovered``: those whose error rate recovered after an accepted action. ``recovered_without_adaptation``: those whose
    error rate recovered although no action was taken, or the action was rolled back. An episode on trial is in neither.
    """

    drifts: int
    accepted: int
    acted: ResponseTimes
    recovered: ResponseTimes
    recovered_without_adaptation: ResponseTimes


class SuccessMetrics(msgspec.Struct, frozen=True):
    """Did the loop keep its promises, of the market targets' sessions; None where nothing of the kind happened.

    ``model_freshness_*_s``: market time since the members of a prediction last learned, weighted as they were in what was
    served; mean and largest over predictions. ``ml_pnl`` is None without the two books, on too few bars for an interval, and
    of one symbol among several, since books are marked as a whole.
    """

    model_freshness_mean_s: float | None
    model_freshness_max_s: float | None
    adaptation_speed: AdaptationSpeed
    online_minus_batch: dict[str, OnlineMinusBatch | None]
    ml_pnl: MlPnl | None
