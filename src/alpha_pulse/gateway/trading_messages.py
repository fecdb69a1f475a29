"""Messages of the gateway about the market, trades, adaptation and single steps. Fields are named as in JSON.

Units and times as in `messages`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from alpha_pulse.core.types import Monitored, RegimeFeature, RegimeLabel
from alpha_pulse.gateway.messages import MemberOut


class FillOut(msgspec.Struct, frozen=True):
    """A fill; ``quantity`` is signed, in units of the symbol."""

    seq: int
    ts_ms: int
    bar_open_ms: int
    fill_id: str
    order_id: str
    book: str
    symbol: str
    quantity: float
    price: float
    reference: float
    cost: float
    fee: float
    signal_id: str
    prediction_id: str | None


class TradeOut(msgspec.Struct, frozen=True):
    """A closed lot; prices are reference prices, without half-spread and slippage, which ``costs`` includes with the fees."""

    seq: int
    lot_id: str
    book: str
    symbol: str
    quantity: float
    opened_ms: int
    opened_bar_open_ms: int
    closed_ms: int
    closed_bar_open_ms: int
    open_price: float
    close_price: float
    gross_pnl: float
    costs: float
    net_pnl: float
    signal_id: str
    prediction_id: str | None


class OutcomeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed external trade on a combined signal; each ``book`` and ``id`` is learned once.

    ``quantity`` is in units of the symbol, below 0 for a short; ``net_pnl`` is in units of cash, after all costs.
    """

    id: str
    signal_id: str
    quantity: float
    opened_ms: int
    closed_ms: int
    open_price: float
    close_price: float
    net_pnl: float
    book: str = "external"


class OutcomesResult(msgspec.Struct, frozen=True):
    """The number of new outcomes, which are learned with the next slice, and of repeated ones."""

    applied: int
    duplicates: int


class Fills(msgspec.Struct, frozen=True):
    """A page of fills."""

    fills: list[FillOut]
    next_seq: int | None
    total: int


class Trades(msgspec.Struct, frozen=True):
    """A page of closed lots."""

    trades: list[TradeOut]
    next_seq: int | None
    total: int


class Position(msgspec.Struct, frozen=True):
    """The position of a book in one symbol."""

    book: str
    symbol: str
    quantity: float
    average_price: float | None
    close: float
    value: float
    unrealised_pnl: float


class BookStatus(msgspec.Struct, frozen=True):
    """The result of a book so far."""

    equity: float
    net_pnl: float
    gross_pnl: float
    fees: float
    costs: float
    trades: int
    sharpe: float | None
    max_drawdown: float


class Positions(msgspec.Struct, frozen=True):
    """All books."""

    positions: list[Position]
    books: dict[str, BookStatus]


class BarOut(msgspec.Struct, frozen=True):
    """One bar."""

    open: float
    high: float
    low: float
    close: float
    volume: float | None


# Adaptation.


class AlarmOut(msgspec.Struct, frozen=True):
    """A drift alarm and the newest response to it.

    ``status``: ``acted`` (by the action ``action_id``), ``deferred`` or ``skipped``; ``reason`` states why, and until when.
    """

    seq: int
    alarm_id: str
    detector: str
    symbol: str
    target: str
    ts_ms: int
    bar_open_ms: int
    change_ms: int
    change_bar_open_ms: int
    score: float
    monitored: Monitored
    """What changed, as detected. Only a change of errors leads to adaptation."""
    features: list[str]
    """The features that changed, the most certain first."""
    status: Literal["acted", "deferred", "skipped"]
    reason: str
    action_id: str | None


class ActionOut(msgspec.Struct, frozen=True):
    """An adaptation as it was last recorded; ``seq`` is the step in which it began."""

    seq: int
    action_id: str
    kind: str
    symbol: str
    target: str
    ts_ms: int
    bar_open_ms: int
    cause: str
    reason: str
    status: str
    closed_ms: int | None
    closed_bar_open_ms: int | None
    effect: float | None
    effect_samples: int


class Adaptations(msgspec.Struct, frozen=True):
    """All stored alarms and actions."""

    alarms: list[AlarmOut]
    actions: list[ActionOut]


class Regime(msgspec.Struct, frozen=True):
    """A period in one regime, from its detection on; ``began_ms`` is the estimated start.

    ``ratio`` is volatility over its usual level, and ``probabilities`` are those of the regimes, both at the detection.
    """

    from_ms: int
    from_bar_open_ms: int
    to_ms: int | None
    to_bar_open_ms: int | None
    label: RegimeLabel
    ratio: float
    began_ms: int
    began_bar_open_ms: int
    probabilities: dict[RegimeLabel, float]


class ChangePoint(msgspec.Struct, frozen=True):
    """A change of trend or correlation, detected at ``ts_ms``; ``began_ms`` is the estimated start."""

    ts_ms: int
    bar_open_ms: int
    began_ms: int
    began_bar_open_ms: int
    feature: RegimeFeature
    probability: float


class Regimes(msgspec.Struct, frozen=True):
    """The output of the regime detector: the current probabilities, past regimes and change points."""

    symbol: str
    method: str
    probabilities: dict[RegimeLabel, float]
    regimes: list[Regime]
    change_points: list[ChangePoint]


class Inspection(msgspec.Struct, frozen=True, omit_defaults=True):
    """All details of one prediction, from its step of the journal and its label's. ``fill`` is the requested fill, if any."""

    prediction_id: str
    symbol: str
    target: str
    horizon: int
    ts_ms: int
    bar_open_ms: int
    seq: int
    probability: float
    confidence: float | None
    quarantined: bool
    missing: list[dict[str, str]]
    members: list[MemberOut]
    features: dict[str, float | None]
    bar: BarOut
    signals: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    refusals: list[dict[str, Any]]
    abstention: str | None
    label: dict[str, Any] | None
    status: Literal["pending", "labelled", "expired"]
    fills: list[FillOut]
    trades: list[TradeOut]
    fill: FillOut | None = None


# Streaming.


class ServedOut(msgspec.Struct, frozen=True):
    """A served prediction."""

    target: str
    probability: float
    confidence: float | None
    prediction_id: str


class LabelOut(msgspec.Struct, frozen=True):
    """A label; None for a tie."""

    prediction_id: str
    target: str
    label: int | None


class VolatilityOut(msgspec.Struct, frozen=True):
    """Volatility over the horizon, in log-return units: the newest forecast and the newest measured value."""

    forecast: float | None
    realised: float | None


class Step(msgspec.Struct, frozen=True):
    """One symbol in ``steps`` steps of the journal: the newest values, and all events of these steps."""

    ts_ms: int
    bar_open_ms: int
    bar: BarOut | None
    served: list[ServedOut]
    equity: dict[str, float]
    fills: list[FillOut]
    trades: list[TradeOut]
    labels: list[LabelOut]
    alarms: list[AlarmOut]
    adaptations: list[ActionOut]
    steps: int
    skill: dict[str, dict[str, float | None]]
    weights: dict[str, dict[str, float | None]]
    volatility: VolatilityOut
