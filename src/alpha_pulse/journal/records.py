"""What the journal contains of one step: all inputs, results and decisions, as structs.

The journal stores them as columns and rows (`alpha_pulse.journal.block`); structs are made where somebody reads them.
"""

from __future__ import annotations

import msgspec

from alpha_pulse.core.types import (
    AdaptationAction,
    AlarmResponse,
    Bar,
    DriftAlarm,
    Fill,
    Lot,
    Order,
    Prediction,
    RegimeChange,
    Signal,
    TradeOutcome,
    Units,
)
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.kernels.base.scores import LABEL
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.learning.training import ModelReady


class AdaptationRequest(msgspec.Struct, frozen=True):
    """An adaptation that a command or an agent requested in an earlier step, handled in this step; ``*`` is the timer."""

    session_id: str
    drift_type: str


class Abstention(msgspec.Struct, frozen=True):
    """Why the cost-aware rule did not trade."""

    symbol: str
    reason: str


class ScoredTrade(msgspec.Struct, frozen=True, omit_defaults=True):
    """A closed lot of the primary book as the trade-quality model scored it: ``label`` is 1 for a net profit.

    ``scores`` and ``trial`` are laid out as those of a `Label`; there is no batch member.
    """

    lot_id: str
    symbol: str
    label: int
    scores: list[float | None]
    trial: list[float | None] = msgspec.field(default_factory=list)


def scored_trade(outcome: TradeOutcome, scored: ScoredPrediction) -> ScoredTrade:
    """The journal's record of a closed lot that was learned from."""
    return ScoredTrade(outcome.lot.lot_id, outcome.lot.symbol, int(scored.values[LABEL]), [*scored.scores], [*scored.trial])


class StepRecord(msgspec.Struct, omit_defaults=True):
    """One step of the journal; empty fields are left out in JSON.

    ``features`` are values by symbol, ``masked`` the places of those that were missing, ``volatilities`` the forecasts per bar
    that positions were sized by, ``equity`` is that of each book in minor units. A step has either bars or ``commands``.
    ``units`` are those of symbols whose first bar it is.
    ``alarm_responses`` are those to the step's own alarms, and those to alarms that were deferred in earlier steps.
    """

    units: list[Units] = msgspec.field(default_factory=list)

    bars: tuple[Bar, ...] = ()
    commands: list[Command] = msgspec.field(default_factory=list)
    requests: list[AdaptationRequest] = msgspec.field(default_factory=list)
    fills: list[Fill] = msgspec.field(default_factory=list)
    lots: list[Lot] = msgspec.field(default_factory=list)
    scored_trades: list[ScoredTrade] = msgspec.field(default_factory=list)
    labels: list[Label] = msgspec.field(default_factory=list)
    expired: list[Expired] = msgspec.field(default_factory=list)
    alarms: list[DriftAlarm] = msgspec.field(default_factory=list)
    alarm_responses: list[AlarmResponse] = msgspec.field(default_factory=list)
    regimes: list[RegimeChange] = msgspec.field(default_factory=list)
    adaptations: list[AdaptationAction] = msgspec.field(default_factory=list)
    models: list[ModelReady] = msgspec.field(default_factory=list)
    features: dict[str, list[float]] = msgspec.field(default_factory=dict)
    masked: dict[str, list[int]] = msgspec.field(default_factory=dict)
    predictions: list[Prediction] = msgspec.field(default_factory=list)
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    abstentions: list[Abstention] = msgspec.field(default_factory=list)
    volatilities: dict[str, float] = msgspec.field(default_factory=dict)
    equity: dict[str, int] = msgspec.field(default_factory=dict)


class DecisionRecord(msgspec.Struct):
    """The decisions of one step: no path, wall time, run id or configuration hash in it."""

    ts: int
    signals: list[Signal]
    orders: list[Order]


encode = msgspec.json.Encoder().encode
