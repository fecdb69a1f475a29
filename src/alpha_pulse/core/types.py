"""The types that travel between stages: frozen, finite, with units. New fields get defaults; types never change.

Times (``ts``, ``ts_event``) are nanoseconds since the Unix epoch, UTC. ``ts_event`` is the instant an event became
knowable: for a bar, its end. Prices are in quote currency per unit; quantities of orders, fills and lots are int64
counts of parts of a unit, money is an int64 count of minor units of cash: `Units` defines both.

Types that are stored for long are ``gc=False``: they cannot be part of a reference cycle, so the garbage collector skips them.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec
from numpy.typing import NDArray

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.numbers import a_class, a_weight

ABSURD = 1e15
"""Prices and features of this size or larger are refused."""
LARGEST_VOLUME = 1e18
"""The largest accepted volume of a bar; cheap coins trade 2.5e14 a day."""

Target = str
"""What a session predicts: ``volatility``, ``direction`` or ``trade_quality``."""


def finite(what: str, value: float) -> None:
    """Refuse a NaN, an infinity or an absurd magnitude."""
    if not (math.isfinite(value) and abs(value) < ABSURD):
        raise NonFiniteError(f"{what} is {value!r}, but a finite number below {ABSURD:g} is needed; correct the source")


class Bar(msgspec.Struct, frozen=True, gc=False, tag="bar", omit_defaults=True):
    """One bar of a symbol. ``volume``, ``bid`` and ``ask`` are None where the feed has no such column.

    ``bid`` and ``ask`` are the quotes at the close. ``seq`` is the number of the feed's slice that it is part of, from 0.
    ``interval_ns`` is how long this bar lasted, from `ts_open` to ``ts_event``.
    """

    symbol: str
    ts_event: int
    interval_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None
    bid: float | None = None
    ask: float | None = None
    seq: int = 0

    def __post_init__(self) -> None:
        size = abs(self.open) + abs(self.high) + abs(self.low) + abs(self.close)
        size += abs(self.bid or 0.0) + abs(self.ask or 0.0)
        if not (size < ABSURD and abs(self.volume or 0.0) <= LARGEST_VOLUME):
            raise NonFiniteError(f"bar {self.seq} of {self.symbol} contains a value that is not finite; correct the feed")

    @property
    def ts_open(self) -> int:
        """The open of the bar, which is the time shown for it."""
        return self.ts_event - self.interval_ns


class Units(msgspec.Struct, frozen=True, gc=False):
    """The units of a symbol's whole numbers, determined at its first bar; see `alpha_pulse.venues.money`.

    A quantity counts parts of ``10**-quantity_decimals`` of a unit (share, coin, base currency) and is a multiple of ``lot``
    parts; money counts minor units of ``10**-cash_decimals`` of cash. An order is worth at least ``min_order`` minor units,
    unless it closes a position. Fill prices are multiples of ``tick`` where one is set.
    """

    symbol: str
    cash_decimals: int
    quantity_decimals: int
    lot: int = 1
    min_order: int = 0
    tick: float | None = None

    def cash(self, amount: int) -> float:
        """Minor units as cash."""
        return float(amount / 10**self.cash_decimals)

    def quantity(self, parts: int) -> float:
        """A quantity in units of the traded asset."""
        scale = self.quantity_decimals
        return float(parts / 10**scale if scale >= 0 else parts * 10**-scale)


class FeatureVector(msgspec.Struct, frozen=True):
    """The features of one symbol at one instant.

    ``values`` is float64 of shape (n,), finite, in the order of the schema; ``mask`` is bool of shape (n,), True where the
    value is missing (its value is then 0), or None when nothing is missing.
    """

    symbol: str
    ts: int
    schema_id: str
    values: NDArray[Any]
    mask: NDArray[Any] | None = None


class MarketView(msgspec.Struct, frozen=True):
    """The input of an agent at one step: the newest bar of its symbol and the features extracted from it."""

    bar: Bar
    features: FeatureVector


class PredictionContext(msgspec.Struct, frozen=True):
    """The caller of a prediction, and the session that is to predict."""

    symbol: str
    agent: str = ""
    session_id: str = ""
    target: Target = "direction"


class MemberPrediction(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One member's probability and weight in a prediction. ``age_ns``: market time since its newest label, or None.

    In JSON it is a list in this order. A batch member's ``version`` is the start of its artefact's SHA-256.
    """

    model_id: str
    version: str
    source: Literal["online", "batch", "base", "density", "challenger"]
    probability: float
    weight: float
    age_ns: int | None


class Missing(msgspec.Struct, frozen=True, gc=False):
    """A member that took no part in a prediction, and the reason."""

    model_id: str
    reason: str


class Prediction(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The probability that the label will be 1, with the members that contributed to it.

    ``confidence`` is the calibrated probability that the predicted class is right; None until 500 scores are stored.
    ``quarantined`` is True while the online member is quarantined; ``missing`` names every member that was left out.
    """

    prediction_id: str
    symbol: str
    ts: int
    target: Target
    horizon: int
    probability: float
    confidence: float | None
    members: tuple[MemberPrediction, ...] = ()
    quarantined: bool = False
    missing: tuple[Missing, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise NonFiniteError(f"prediction {self.prediction_id} has probability {self.probability!r}; expected 0 to 1")


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """A signal that was combined into another one, with its weight."""

    signal_id: str
    agent: str
    direction: float
    weight: float


class Signal(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A desired position: ``direction`` from -1 (short) to 1 (long), with its components.

    ``rule_part`` and ``ml_part`` are the two directions before mixing; ``ml_part`` is None where the model took no part.
    """

    signal_id: str
    agent: str
    symbol: str
    ts: int
    direction: float
    confidence: float | None
    rule_part: float
    ml_part: float | None = None
    prediction_id: str | None = None
    contributions: tuple[Contribution, ...] = ()

    def __post_init__(self) -> None:
        if not (-1.0 <= self.direction <= 1.0 and -1.0 <= self.rule_part <= 1.0):
            raise NonFiniteError(
                f"signal {self.signal_id} has direction {self.direction!r} and rule_part {self.rule_part!r}; expected numbers "
                "from -1 to 1"
            )


class Order(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An order that the risk gate accepted.

    ``quantity`` is signed (buy > 0), in parts of a unit (`Units`). A ``stop`` closes the position held at that time, never
    more. ``fraction`` is the target value of the position as a fraction of the book's equity, from -1 (short) up: at the fill
    the quantity is reduced so that the position is not worth more than this fraction of the equity at that price.
    """

    order_id: str
    book: str
    symbol: str
    ts: int
    kind: Literal["market", "stop"]
    quantity: int
    signal_id: str
    prediction_id: str | None = None
    stop_price: float | None = None
    fraction: float | None = None


class Fill(msgspec.Struct, frozen=True, gc=False):
    """An executed trade. ``price`` includes half-spread and slippage; ``reference`` does not.

    ``cost`` (minor units, >= 0) is the cost of half-spread and slippage; ``fee`` (minor units, >= 0) the venue's fee.
    """

    fill_id: str
    order_id: str
    book: str
    symbol: str
    ts: int
    quantity: int
    price: float
    reference: float
    cost: int
    fee: int
    signal_id: str
    prediction_id: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.price + self.reference < ABSURD:
            raise NonFiniteError(
                f"fill {self.fill_id} has price {self.price!r} and reference {self.reference!r}; correct the venue"
            )


class Lot(msgspec.Struct, frozen=True, gc=False):
    """A closed part of a position, first in, first out. ``quantity`` has the sign of the position; money is in minor units."""

    lot_id: str
    book: str
    symbol: str
    quantity: int
    opened_ts: int
    closed_ts: int
    open_reference: float
    close_reference: float
    gross_pnl: int
    costs: int
    net_pnl: int
    open_fill_id: str
    close_fill_id: str
    signal_id: str
    prediction_id: str | None = None


class TradeOutcome(msgspec.Struct, frozen=True, gc=False):
    """The result of a trade, from which the trade-quality model and the agents' weights learn.

    ``pnl`` is net, in minor units; ``return_`` is net P&L divided by the value of the trade at its open; ``held_ns`` is market
    time.
    """

    lot: Lot
    signal_id: str
    prediction_id: str | None
    pnl: int
    return_: float
    closed_ts: int
    held_ns: int


class Example(msgspec.Struct, frozen=True, gc=False):
    """The label of a served prediction. ``label`` is 0 or 1, None for a tie (counted, never scored or learned).

    ``label_ts`` is when it was known, 0 where times have no meaning.
    """

    prediction_id: str
    label: int | None
    label_ts: int = 0
    weight: float = 1.0

    def __post_init__(self) -> None:
        label, weight = self.label, self.weight
        if label is not None and (type(label) is not int or not 0 <= label <= 1):
            a_class(f"the label of {self.prediction_id}", label, 2)
        if type(weight) is not float or not 0.0 <= weight < ABSURD:
            finite(f"the weight of {self.prediction_id}", a_weight(f"the weight of {self.prediction_id}", weight))


Monitored = Literal["errors", "calibration", "labels", "features"]
"""What a drift detector monitors: the errors, the calibration or the labels of a session, or the features of a symbol."""


class DriftAlarm(msgspec.Struct, frozen=True, gc=False):
    """A detected change of the ``monitored`` values: a session's errors, calibration or labels, or a symbol's features.

    ``sample`` counts the monitored values up to ``ts``; the change is dated after the first ``change_sample`` of them, the last
    of which was known at ``change_ts``: one point, in samples and in time.
    ``mean`` is the mean of the monitored values since the change, ``score`` the difference from the mean before. For an alarm
    about features, ``features`` names those that changed, the most certain first, ``score`` is the statistic of the first,
    ``mean`` is 0, and samples are rows.
    """

    alarm_id: str
    detector: str
    symbol: str
    target: Target
    ts: int
    sample: int
    score: float
    change_sample: int
    change_ts: int
    mean: float = 0.0
    monitored: Monitored = "errors"
    features: tuple[str, ...] = ()


class AlarmResponse(msgspec.Struct, frozen=True, gc=False):
    """The response to a drift alarm. If an alarm has several responses, the newest one is valid.

    ``acted``: the action ``action_id`` was started. ``deferred``: a trial or a cool-down prevents an action, and ``reason``
    states until when. ``skipped``: there is no action, and ``reason`` states why.
    """

    alarm_id: str
    symbol: str
    target: Target
    ts: int
    status: Literal["acted", "deferred", "skipped"]
    reason: str
    action_id: str | None = None


RegimeLabel = Literal["calm", "normal", "turbulent"]
"""The volatility of a market relative to its usual level."""
RegimeFeature = Literal["volatility", "trend", "correlation"]
"""The properties of a market whose changes are detected."""


class RegimeChange(msgspec.Struct, frozen=True, gc=False):
    """A change of a market's regime, as known at ``ts``.

    ``feature`` is what changed: ``volatility`` when the label changed (``from_label`` is None for the first label); ``trend``
    or ``correlation`` when the label stayed. ``probability`` is that of the new label, or that of the change; ``change_ts`` is
    the estimated start of the change; ``ratio`` is the volatility divided by its usual level; ``probabilities`` are those of
    calm, normal and turbulent.
    """

    change_id: str
    symbol: str
    ts: int
    feature: RegimeFeature
    from_label: RegimeLabel | None
    to_label: RegimeLabel
    probability: float
    change_ts: int
    ratio: float
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        finite(f"the ratio of regime change {self.change_id}", self.ratio)
        if not all(0.0 <= value <= 1.0 for value in (self.probability, *self.probabilities)):
            raise NonFiniteError(f"regime change {self.change_id} has probabilities outside of 0 to 1; correct the detector")


class ModelHealth(msgspec.Struct, frozen=True):
    """Recent scores of a session's served predictions and of the running base rate; None before the first label."""

    symbol: str
    target: Target
    ts: int
    samples: int
    window_log_loss: float | None
    window_base_log_loss: float | None
    window_accuracy: float | None
    age_ns: int | None


MOVES = ("promote", "rollback")
"""Kinds of an `AdaptationAction` that change who serves, and no model."""


class AdaptationAction(msgspec.Struct, frozen=True, gc=False):
    """An adaptation: the action, its cause and its effect.

    ``status`` goes from ``open`` to ``accepted`` or ``rolled_back`` once the effect is known; ``effect`` is the mean log loss
    of the control (the model without the action) minus that of the adapted model, over ``effect_samples`` labels. A positive
    effect is an improvement; the action is accepted when the improvement is significant at the 5 % level.

    ``promote``: with ``champion_challenger``, a challenger serves a share of the steps, until it becomes the champion
    (``accepted``) or the champion proves better. ``rollback``: the former champion serves again. The effect of both is the mean
    by which the squared error of the better one was smaller.
    """

    action_id: str
    kind: Literal["keep", "boost", "reset", "promote", "rollback"]
    symbol: str
    target: Target
    ts: int
    cause: str
    reason: str
    status: Literal["open", "accepted", "rolled_back"] = "open"
    closed_ts: int | None = None
    effect: float | None = None
    effect_samples: int = 0
