"""What the gateway says about the market, trades, adaptation and single steps: structs named as on the wire.

Units and times as in `messages`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from alpha_pulse.core.types import Monitored, RegimeFeature, RegimeLabel
from alpha_pulse.gateway.messages import MemberOut


class FillOut(msgspec.Struct, frozen=True):
    """A trade that happened; ``quantity`` in units, signed."""

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
    """A closed lot; prices are references, before half-spread and slippage, which stand in ``costs`` with the fees."""

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
    """A trade that was made elsewhere on a combined signal and closed, learnt once per ``book`` and ``id``.

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
    """How many outcomes are new, to be learnt with the next slice, and how many were reported before."""

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
    """What a book holds in one symbol."""

    book: str
    symbol: str
    quantity: float
    average_price: float | None
    close: float
    value: float
    unrealised_pnl: float


class BookStatus(msgspec.Struct, frozen=True):
    """How a book does so far."""

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

    ``status``: ``acted`` (by the action ``action_id``), ``deferred`` or ``skipped``; ``reason`` says why, and until when.
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
    """What the detector saw change: only errors are a reason to adapt."""
    features: list[str]
    """Of features, those that changed, the surest first."""
    status: Literal["acted", "deferred", "skipped"]
    reason: str
    action_id: str | None


class ActionOut(msgspec.Struct, frozen=True):
    """An adaptation as it was last recorded; ``seq`` is the row in which it began."""

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
    """All alarms and actions held."""

    alarms: list[AlarmOut]
    actions: list[ActionOut]


class Regime(msgspec.Struct, frozen=True):
    """A stretch of time, from when the regime was recognised; ``began_ms`` estimates when it had begun.

    ``ratio`` is volatility over its usual level, and ``probabilities`` those of the regimes, when it was recognised.
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
    """A change of trend or correlation, found at ``ts_ms``, that began at ``began_ms`` by estimate."""

    ts_ms: int
    bar_open_ms: int
    began_ms: int
    began_bar_open_ms: int
    feature: RegimeFeature
    probability: float


class Regimes(msgspec.Struct, frozen=True):
    """What the regime detector says: the probabilities now, and what it said when."""

    symbol: str
    method: str
    probabilities: dict[RegimeLabel, float]
    regimes: list[Regime]
    change_points: list[ChangePoint]


class Inspection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything about one prediction, read from its journal row and its label's. ``fill`` is the one that was asked about."""

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
    """A prediction as it was served."""

    target: str
    probability: float
    confidence: float | None
    prediction_id: str


class LabelOut(msgspec.Struct, frozen=True):
    """A label as it came true; None for a tie."""

    prediction_id: str
    target: str
    label: int | None


class VolatilityOut(msgspec.Struct, frozen=True):
    """Volatility over the horizon, in log-return units: the newest forecast and the newest measured value."""

    forecast: float | None
    realised: float | None


class Step(msgspec.Struct, frozen=True):
    """One symbol's part of ``steps`` journal rows: the newest figures of all of them, and every event that was in them."""

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
