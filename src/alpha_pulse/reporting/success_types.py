"""The success metrics of a run; fields are named as in JSON."""

from __future__ import annotations

import msgspec

from alpha_pulse.metrics.members import OnlineMinusBatch


class MlPnl(msgspec.Struct, frozen=True):
    """P&L of the combined book minus that of the book that follows only the rules, in units of cash.

    ``*_low`` and ``*_high``: 95 % interval of the total by the circular block bootstrap of its steps; without an interval there
    is no result.
    """

    net: float
    net_low: float
    net_high: float
    gross: float
    gross_low: float
    gross_high: float


class ResponseTimes(msgspec.Struct, frozen=True):
    """Means over the same ``episodes``, from the change as dated by the alarm, in labels and in seconds of market time.

    None without an episode, or if one of these episodes does not have the step.
    """

    episodes: int
    samples_to_alarm: float | None = None
    market_s_to_alarm: float | None = None
    samples_to_action: float | None = None
    market_s_to_action: float | None = None
    samples_to_recovery: float | None = None
    market_s_to_recovery: float | None = None


class AdaptationSpeed(msgspec.Struct, frozen=True):
    """Episodes of drift in the errors of sessions, by the steps that they reached.

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
    """The success metrics of the sessions of market targets; None where there is nothing to measure.

    ``model_freshness_*_s``: market time since the newest label of a prediction's members, weighted as in the served prediction;
    mean and largest over predictions. ``ml_pnl`` is None without the two books, with too few bars for an interval, and for one
    symbol of several, because the equity of a book covers all symbols.
    """

    model_freshness_mean_s: float | None
    model_freshness_max_s: float | None
    adaptation_speed: AdaptationSpeed
    online_minus_batch: dict[str, OnlineMinusBatch | None]
    ml_pnl: MlPnl | None
