"""The settings: frozen structs, one for each section. The unit of a number stands in its name.

The docstring of a setting is its row in docs/reference/configuration.md, which ``python -m reference --write-docs`` writes.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

PositiveInt = Annotated[int, Meta(ge=1)]
NonNegativeInt = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0, lt=1e15)]
NonNegative = Annotated[float, Meta(ge=0, lt=1e15)]
Fraction = Annotated[float, Meta(gt=0, le=1)]
Probability = Annotated[float, Meta(gt=0, lt=1)]
Size = Annotated[float, Meta(ge=1e-18, lt=1e15)]
PerSymbol = Size | dict[str, Size]
Setting = TypeVar("Setting", float, str)


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the configuration file."""


class LearningConfig(_Section, frozen=True):
    """The targets of predictions, and the online model."""

    model: str = "market_default"
    """Online model of the sessions `volatility` and `direction`: a name in docs/concepts/models.md, or a plug-in."""
    sources: dict[str, str] = {}
    """SHA-256 of the module of a model that is not the program's own, by its name, as in `features.sources`."""
    volatility_horizon_bars: PositiveInt = 12
    """Bars over which realised volatility is measured."""
    direction_horizon_bars: PositiveInt = 3
    """Bars after which the direction is known."""
    label_entry: Literal["close", "next_open"] = "close"
    """Price from which a direction is measured: the close of the bar, or the open of the next bar, where it can be traded."""
    min_move_bps: NonNegative = 0.0
    """A direction counts as up or down only beyond this move. Smaller moves are ties: they are counted, and not learned."""
    label_tolerance_bars: PositiveInt | None = None
    """A label that comes more than this many intervals late expires. Not set: no label expires, however long the gap."""
    window: Annotated[int, Meta(ge=50, le=100_000)] = 1_000
    """Labels in the sliding window of scores."""


class FeaturesConfig(_Section, frozen=True):
    """A user's own features, beside those of the program."""

    own: tuple[str, ...] = ()
    """Own features, as `module:name`, from the current folder or installed packages (docs/how-to/own-feature.md). Their names
    are the names of their columns."""
    sources: dict[str, str] = {}
    """SHA-256 of the module of each own feature, with the user's own modules that it imports, by `module:name`. Entered by the
    program when a run starts, and part of the hash of the configuration. A run that states another one is refused."""


class TargetsConfig(_Section, frozen=True):
    """A user's own targets, beside those of the program."""

    own: tuple[str, ...] = ()
    """Own targets, as `module:name`, from the current folder or installed packages (docs/how-to/own-target.md). They are
    predicted, scored and learned for each symbol; nothing is traded on them."""
    sources: dict[str, str] = {}
    """SHA-256 of the module of each own target, as in `features.sources`."""


class VolatilityConfig(_Section, frozen=True):
    """The forecast of volatility by a density: a member of the target `volatility`, which sizes positions."""

    preset: Literal["none", "lean", "default", "full"] = "none"
    """Its members (docs/volatility.md). `lean`: two; `default`: four; `full`: one more, with random features. `none`: there is
    no such forecast, and the level follows from the served probability."""
    time_zone: str | dict[str, str] | None = None
    """Time zone of the calendar, such as `Europe/London`, or a table of these by symbol. Not set: UTC for a market with bars on
    Saturday, otherwise `America/New_York`, as the first week of bars shows."""


class BatchConfig(_Section, frozen=True):
    """The batch model, which is trained now and then on stored examples."""

    enabled: bool = True
    """Whether there is a batch member."""
    model: str = "lightgbm"
    """`lightgbm`: boosted trees. `logistic`: logistic regression with a ridge penalty, trained by Newton's method."""
    train_bars: Annotated[int, Meta(ge=1_500)] = 2_000
    """Slices of the data before the first training, of all sessions with at least 500 labels."""
    ready_delay_s: NonNegative = 60.0
    """A model starts to serve at least this much market time after the newest label that it was trained on, as if training ran
    beside a live market."""
    retrain_bars: NonNegativeInt | None = None
    """Slices between two trainings; 0: trained once. Not set: each training takes place at twice the slices of the one before,
    so that its cost stays in proportion to that of the run."""
    ready_delay_bars: NonNegativeInt = 50
    """A model starts to serve at least this many slices after its training set ends. In this time it is trained beside the
    run."""
    max_examples: Annotated[int, Meta(ge=1_000)] = 10_000
    """Largest training set."""
    window: Literal["grow", "slide"] = "grow"
    """`grow`: all labels; of more than `batch.max_examples` some, evenly spread over time, because labels overlap. `slide`: the
    newest `batch.max_examples`."""
    leaves: Annotated[int, Meta(ge=2, le=256)] = 8
    """Largest number of leaves of a tree of `lightgbm`."""
    direction_trees: PositiveInt = 80
    """Trees for `direction`."""
    volatility_trees: PositiveInt = 250
    """Trees for `volatility`."""
    learning_rate: Fraction = 0.03
    """Shrinkage of each tree."""


class Challenger(_Section, frozen=True):
    """A model that predicts and learns beside the one of `learning.model`."""

    model: str
    """Online model: a name in docs/concepts/models.md, or a plug-in."""
    parameters: dict[str, float | int | str | bool] = {}
    """Parameters of the model, by name."""
    targets: tuple[str, ...] = ()
    """The targets that it predicts. Empty: all."""


class ServingConfig(_Section, frozen=True):
    """How members become one prediction."""

    strategy: Literal["ensemble", "fixed", "faded", "champion_challenger", "best_recent", "fallback"] = "ensemble"
    """How members become one prediction (docs/serving.md). `ensemble`: all, by weights of fixed share. `fixed`: all, by
    `weights`. `faded`: all, by their recent losses. `champion_challenger`: the champion alone, which another member replaces
    only by evidence. `best_recent`: the one with the smallest recent loss. `fallback`: the first available one of `order`."""
    weights: dict[str, NonNegative] = {}
    """For `fixed`: the weights by member (`online`, `batch`, `base`, or the name of a challenger); others have none. Not set:
    equal ones."""
    order: tuple[str, ...] = ()
    """For `fallback`, and for a champion that is not available: the members in the order in which they are asked, and after
    them the base rate. Not set: `online`, `batch`."""
    promotion_alpha: Probability = 0.05
    """Largest probability that a member of a target which is not better ever replaces the champion, however many challenge
    it."""
    promotion_labels: PositiveInt = 500
    """Labels of a comparison before it may decide for a challenger."""
    canary_share: Fraction = 0.1
    """Share of the steps that a challenger with sufficient evidence serves before it becomes the champion."""
    canary_labels: PositiveInt = 200
    """Labels of such steps until it becomes the champion."""
    fixed_share: Probability = 1e-3
    """Weight that is redistributed among the members per horizon: `fixed_share / h` at each label (fixed share)."""
    challengers: dict[str, Challenger] = {}
    """Further online models, by a name of your choice: `challengers.fast = {model = "sgd", parameters = {rate = 0.01}}`. They
    are calibrated by slope and offset (`platt`)."""
    sources: dict[str, str] = {}
    """SHA-256 of the module of each challenger's model that is not the program's own, by its name, as in `features.sources`."""
    calibration: Literal["platt", "beta", "isotonic"] = "platt"
    """Calibration of each member before it is mixed, learned from its stored scores. `platt`: slope and offset of the log odds;
    `beta`: a slope for each side; `isotonic`: any rising shape, over the last 2,000 labels."""


class AgentsConfig(_Section, frozen=True):
    """Who decides."""

    members: tuple[str, ...] = ("trend", "reversion")
    """The agents. Each is wrapped so that it can use the model's prediction."""
    sources: dict[str, str] = {}
    """SHA-256 of the module of each agent that is not the program's own, by its name, as in `features.sources`."""
    ml_confidence_threshold: Probability | None = None
    """Confidence from which the model takes part. Not set: chosen from stored scores every 500 scores, and never below 1/2."""
    rule_weight: NonNegative = 0.6
    """Weight of the rules when the model takes part."""
    ml_weight: NonNegative = 0.4
    """Weight of the model. `rule_weight` and `ml_weight` must add up to 1."""


class ExecutionConfig(_Section, frozen=True):
    """Sizes and books."""

    initial_cash: Annotated[float, Meta(ge=1, lt=1e13)] = 100_000.0
    """Cash of each book, in units of the quote currency."""
    target_volatility: Positive = 0.10
    """Target annual volatility of a whole position."""
    rebalance_band: NonNegative = 0.4
    """A change smaller than this fraction of the position at direction 1 is not traded, unless it closes the position."""
    min_order_fraction: Annotated[float, Meta(ge=0, lt=1)] = 0.001
    """No order is worth less than this fraction of the initial cash, unless it closes a position."""
    entry_rule: Literal["signal", "cost_aware"] = "signal"
    """`signal`: follow every signal. `cost_aware`: trade only when the expected move pays for the round trip. The other rule
    runs as a shadow book."""
    stop_volatilities: NonNegative = 8.0
    """Distance of the stop in volatilities per bar; 0: no stops."""
    shadow_books: bool = True
    """Whether books run beside `combined`: `cost_aware` (or `signal`), `rules_only`, `ml_only`, `buy_and_hold`."""


class RiskConfig(_Section, frozen=True):
    """The limits of the risk gate."""

    max_position_fraction: Positive = 1.0
    """Largest value of all positions of the book together, as a fraction of its equity; checked at the decision and
    at the fill (docs/concepts/money.md)."""
    max_order_fraction: Positive = 2.0
    """Largest value of one order, as a fraction of the book's equity; checked at the decision and at the fill."""
    max_daily_loss_fraction: Fraction = 0.03
    """After this loss since the UTC day began, only orders that reduce a position pass until the next day."""
    stale_after_intervals: Positive = 3.0
    """No entry on a bar that is older than this many intervals, or on the first bar after a gap this long.
    Usual breaks of the market do not count (docs/concepts/money.md)."""
    frozen_after_bars: PositiveInt = 12
    """No entry on a price that has repeated for this many bars."""


class VenueConfig(_Section, frozen=True):
    """Costs and units of the simulated venue."""

    fee_bps: NonNegative = 1.0
    """Fee of each fill."""
    half_spread_bps: NonNegative = 0.5
    """Half the spread if the feed has no quotes; otherwise the newest known quotes are used (docs/concepts/money.md)."""
    slippage_bps: NonNegative = 0.5
    """Slippage of each fill."""
    latency_ms: NonNegative = 0.0
    """Delay of an order, rounded to whole bars: it trades at the open of the next bar, or that many bars later. A delay below
    half a bar changes nothing."""
    lot_size: PerSymbol | None = None
    """Quantities are multiples of this value, in units of the symbol. Not set: fractions as fine as a billionth of the initial
    cash (docs/concepts/money.md)."""
    tick_size: PerSymbol | None = None
    """Fill prices are rounded to multiples of this value, against the trader. If it is not set, they are not rounded."""
    min_order_value: PerSymbol | None = None
    """Smallest value of an order, in cash. Smaller orders are neither created nor recorded, unless they close a position. Not
    set: `execution.min_order_fraction` of the initial cash."""


def for_symbol(setting: Setting | dict[str, Setting] | None, symbol: str) -> Setting | None:
    """The value for one symbol of a setting that may be a table by symbol; None where it has none.

    >>> for_symbol(0.5, "X"), for_symbol({"X": 1.0}, "X"), for_symbol({"X": 1.0}, "Y")
    (0.5, 1.0, None)
    """
    return setting.get(symbol) if isinstance(setting, dict) else setting


class AdaptationConfig(_Section, frozen=True):
    """When and how the online models are adapted."""

    enabled: bool = True
    """Whether models are adapted. Otherwise alarms are still recorded, as skipped."""
    interval_s: Annotated[float, Meta(ge=0.001, lt=1e9)] = 300.0
    """Period of the timer, in market time. The timer fires at most once per slice. It cannot change during a run."""
    detector: str = "adwin"
    """The detector that watches the errors of each model: a name in docs/concepts/detectors.md, or a plug-in."""
    sources: dict[str, str] = {}
    """SHA-256 of the module of a detector that is not the program's own, by its name, as in `features.sources`."""
    feature_detector: Literal["psi", "ks"] = "psi"
    """The detector that watches the features of each symbol: population stability index or Kolmogorov-Smirnov. Its alarms are
    recorded and shown; they change nothing."""
    samples_per_false_alarm: Annotated[float, Meta(ge=1_000, le=1_000_000)] = 50_000.0
    """Labels (for features: bars) per false alarm of a detector while nothing changes. The detector's threshold follows from
    this and from the horizon."""
    drift_threshold: Positive | None = None
    """The detector's own threshold, in place of the one that follows from `samples_per_false_alarm`; for `adwin` its
    confidence, delta. It cannot change during a run."""
    accuracy_threshold: Probability = 0.1
    """Decay: windowed accuracy this far below that of the whole run. It can be set during a run (docs/architecture.md)."""
    loss_threshold: NonNegative = 0.05
    """Decay: windowed log loss this far above that of the base rate, in nats."""
    on_regime: Literal["keep", "boost", "reset"] = "keep"
    """Response to a change of regime. `keep`: it is recorded and shown. `boost`: the symbol's sessions learn faster for a
    while. `reset`: they start from scratch. Both run as a trial against a control (docs/concepts/regimes.md)."""
    boost_factor: Annotated[float, Meta(gt=1, le=100)] = 4.0
    """Factor by which a boost multiplies the learning rates and the mixing share."""
    boost_labels: PositiveInt = 500
    """Labels of a trial, after which either the adapted model or its control continues."""
    cooldown_labels: NonNegativeInt = 500
    """Labels between the end of a trial and the start of the next. An alarm in this time is deferred."""


class StoreConfig(_Section, frozen=True):
    """Durability of the run's store. This section cannot change a decision."""

    durability: Literal["group", "step"] = "group"
    """`group`: several blocks are committed together. `step`: each block is on the disk before anything of it leaves the
    process; a simulated venue may receive the orders of its earlier slices before."""
    group_ms: Positive = 20.0
    """A group is committed when it is this old and the previous group is on the disk."""
    group_steps: PositiveInt = 500
    """A group is committed when it has this many steps and the previous group is on the disk. With four times as many steps
    the run waits for the disk."""
    checkpoint_steps: PositiveInt = 20_000
    """Steps between two checkpoints."""
    keep_checkpoints: PositiveInt = 5
    """Number of checkpoints that are retained, the newest first."""
    registry: str = "default"
    """Folder of the registry to which the batch models are added that the run trains. `default`: that of the user, for a run in
    a file. `none`: they are added to none."""


_ADDED = {
    "batch": ("model", "retrain_bars", "ready_delay_bars", "max_examples", "window"),
    "serving": ("weights", "order", "promotion_alpha", "promotion_labels", "canary_share", "canary_labels", "challengers"),
}
"""Settings that runs of earlier versions have not, by section."""


class Config(_Section, frozen=True):
    """The whole configuration. ``config_hash`` identifies all settings that can change a decision, so it omits the store's
    section."""

    seed: NonNegativeInt = 1
    """Seed of every generator: LightGBM's, and that of the bootstrap for reported intervals."""
    learning: LearningConfig = msgspec.field(default_factory=LearningConfig)
    features: FeaturesConfig = msgspec.field(default_factory=FeaturesConfig)
    targets: TargetsConfig = msgspec.field(default_factory=TargetsConfig)
    volatility: VolatilityConfig = msgspec.field(default_factory=VolatilityConfig)
    batch: BatchConfig = msgspec.field(default_factory=BatchConfig)
    serving: ServingConfig = msgspec.field(default_factory=ServingConfig)
    agents: AgentsConfig = msgspec.field(default_factory=AgentsConfig)
    execution: ExecutionConfig = msgspec.field(default_factory=ExecutionConfig)
    risk: RiskConfig = msgspec.field(default_factory=RiskConfig)
    venue: VenueConfig = msgspec.field(default_factory=VenueConfig)
    adaptation: AdaptationConfig = msgspec.field(default_factory=AdaptationConfig)
    store: StoreConfig = msgspec.field(default_factory=StoreConfig)

    @property
    def config_hash(self) -> str:
        """SHA-256, in hex, of `decisive_json`."""
        return hashlib.sha256(self.decisive_json).hexdigest()

    @property
    def decisive_json(self) -> bytes:
        """`decisive` as one JSON object, keys sorted."""
        return msgspec.json.encode(self.decisive, order="deterministic")

    @property
    def decisive_sections(self) -> dict[str, Any]:
        """Everything that can change a decision, as JSON values by section."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        content.pop("store")
        return content

    @property
    def decisive(self) -> dict[str, Any]:
        """`decisive_sections` without what is empty because a run uses no code of others: ``sources``, and the sections
        ``features`` and ``targets``; and without later settings at their defaults. So such a run keeps the hash
        that it had before there were any."""
        content = self.decisive_sections
        for section in list(content.values()):
            if isinstance(section, dict) and section.get("sources") == {}:
                del section["sources"]
        for name, empty in (("features", FeaturesConfig()), ("targets", TargetsConfig()), ("volatility", VolatilityConfig())):
            if getattr(self, name) == empty:
                del content[name]
        for section, names in _ADDED.items():
            for name in names:
                if content[section][name] == _DEFAULTS[section][name]:
                    del content[section][name]
        return content


_DEFAULTS = Config().decisive_sections
