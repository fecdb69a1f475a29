"""The configuration: frozen structs that refuse unknown keys. Flag > environment > file > default.

Environment: ``ALPHA_PULSE__SECTION__KEY=value``. File: TOML, one table per section. Units stand in the names.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from alpha_pulse.core.config_errors import ENV_PREFIX, SECRETS, explain, source_of
from alpha_pulse.core.errors import ConfigError, did_you_mean

PositiveInt = Annotated[int, Meta(ge=1)]
NonNegativeInt = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0, lt=1e15)]
NonNegative = Annotated[float, Meta(ge=0, lt=1e15)]
Fraction = Annotated[float, Meta(gt=0, le=1)]
Probability = Annotated[float, Meta(gt=0, lt=1)]
Size = Annotated[float, Meta(ge=1e-18, lt=1e15)]
PerSymbol = Size | dict[str, Size]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the configuration file."""


class Learning(_Section, frozen=True):
    """Sessions: what is predicted, by which online model.

    ``label_tolerance_bars``: a label whose bar comes later than this many intervals after it was expected expires
    (None: never). ``label_entry``: ``close`` labels from close to close, ``next_open`` from the next bar's open.
    ``min_move_bps``: a direction label counts as up or down only beyond this move; smaller ones are ties.
    """

    model: str = "market_default"
    volatility_horizon_bars: PositiveInt = 12
    direction_horizon_bars: PositiveInt = 3
    label_entry: Literal["close", "next_open"] = "close"
    min_move_bps: NonNegative = 0.0
    label_tolerance_bars: PositiveInt | None = None
    window: Annotated[int, Meta(ge=50, le=100_000)] = 1_000


class Batch(_Section, frozen=True):
    """The frozen LightGBM: trained once on the first ``train_bars`` bars, serving ``ready_delay_s`` of market time later."""

    enabled: bool = True
    train_bars: Annotated[int, Meta(ge=1_500)] = 2_000
    ready_delay_s: NonNegative = 60.0
    leaves: Annotated[int, Meta(ge=2, le=256)] = 8
    direction_trees: PositiveInt = 80
    volatility_trees: PositiveInt = 250
    learning_rate: Fraction = 0.03


class Serving(_Section, frozen=True):
    """How members become one prediction. ``share`` is the fixed share per bar of horizon: share/h is used.

    ``calibration``: what each member passes through before it is mixed, learnt from its stored scores. ``platt`` (slope and
    offset of the log odds), ``beta`` (a slope for each side), ``isotonic`` (any rising shape, over the last 2,000 labels).
    """

    strategy: Literal["ensemble", "champion_challenger"] = "ensemble"
    share: Probability = 1e-3
    calibration: Literal["platt", "beta", "isotonic"] = "platt"


class Agents(_Section, frozen=True):
    """Who decides. ``ml_confidence_threshold`` None: chosen anew every 500 stored scores."""

    members: tuple[str, ...] = ("trend", "reversion")
    ml_confidence_threshold: Probability | None = None
    rule_weight: NonNegative = 0.6
    ml_weight: NonNegative = 0.4


class Execution(_Section, frozen=True):
    """Sizing and books. ``target_volatility`` is annual; ``stop_volatilities`` counts bar volatilities (0: no stops).

    ``rebalance_band``: a change of position smaller than this fraction of the largest position is not traded.
    ``min_order_fraction``: no order is worth less than this fraction of the initial cash, unless it closes a position.
    """

    initial_cash: Annotated[float, Meta(ge=1, lt=1e13)] = 100_000.0
    target_volatility: Positive = 0.10
    rebalance_band: NonNegative = 0.4
    min_order_fraction: Annotated[float, Meta(ge=0, lt=1)] = 0.001
    entry_rule: Literal["signal", "cost_aware"] = "signal"
    stop_volatilities: NonNegative = 8.0
    shadow_books: bool = True


class Risk(_Section, frozen=True):
    """The gate's limits, as fractions of the book's equity; staleness in bar intervals and in repeated bars.

    ``stale_after_intervals``: no entry on a bar older than this, nor on the first bar after a gap longer than this.
    """

    max_position_fraction: Positive = 1.0
    max_order_fraction: Positive = 2.0
    max_daily_loss_fraction: Fraction = 0.03
    stale_after_intervals: Positive = 3.0
    frozen_after_bars: PositiveInt = 12


class Venue(_Section, frozen=True):
    """The simulated venue: costs in basis points of the traded value, latency, and the units in which symbols trade there.

    ``half_spread_bps`` serves where no quotes exist. ``lot_size`` (units of the symbol): quantities are multiples of it.
    ``tick_size`` (cash): fill prices are multiples of it. ``min_order_value`` (cash): smaller orders are refused, unless they
    close a position. Each of these is one number for all symbols, or a table of numbers by symbol; None: no such limit.
    """

    fee_bps: NonNegative = 1.0
    half_spread_bps: NonNegative = 0.5
    slippage_bps: NonNegative = 0.5
    latency_ms: NonNegative = 0.0
    lot_size: PerSymbol | None = None
    tick_size: PerSymbol | None = None
    min_order_value: PerSymbol | None = None


def for_symbol(setting: PerSymbol | None, symbol: str) -> float | None:
    """What a setting that may be given by symbol says of one; None when it says nothing.

    >>> for_symbol(0.5, "X"), for_symbol({"X": 1.0}, "X"), for_symbol({"X": 1.0}, "Y")
    (0.5, 1.0, None)
    """
    return setting.get(symbol) if isinstance(setting, dict) else setting


class Adaptation(_Section, frozen=True):
    """When and how the online models are adapted.

    ``detector`` watches the errors of each model, set such that it gives one false alarm in ``false_alarms_per`` labels while
    nothing changes; ``drift_threshold`` sets its threshold itself instead (of ADWIN: delta). ``feature_detector`` watches the
    features of each symbol, with one false alarm in as many bars; its alarms are recorded and shown.
    ``accuracy_threshold``: windowed accuracy this far below the whole run's counts as decay, as does a windowed log loss
    above the base rate's by ``loss_threshold``. ``on_regime``: what a change of regime leads to. Counts are labels, except
    where the name says otherwise.
    """

    enabled: bool = True
    interval_s: Annotated[float, Meta(ge=0.001, lt=1e9)] = 300.0
    detector: str = "adwin"
    feature_detector: Literal["psi", "ks"] = "psi"
    false_alarms_per: Annotated[float, Meta(ge=1_000, le=1_000_000)] = 50_000.0
    drift_threshold: Positive | None = None
    accuracy_threshold: Probability = 0.1
    loss_threshold: NonNegative = 0.05
    on_regime: Literal["keep", "boost", "reset"] = "keep"
    boost_factor: Annotated[float, Meta(gt=1, le=100)] = 4.0
    boost_labels: PositiveInt = 500
    cooldown_labels: NonNegativeInt = 500


class Store(_Section, frozen=True):
    """Durability: ``group`` commits after ``group_ms`` or ``group_steps``, once the commit before it is done; ``step`` syncs
    every step before release.
    """

    durability: Literal["group", "step"] = "group"
    group_ms: Positive = 20.0
    group_steps: PositiveInt = 500
    checkpoint_steps: PositiveInt = 5_000
    keep_checkpoints: PositiveInt = 5


class Config(_Section, frozen=True):
    """All of it. ``config_hash`` names the decisions' inputs; the store's section cannot change a decision and is left out."""

    seed: NonNegativeInt = 1
    learning: Learning = msgspec.field(default_factory=Learning)
    batch: Batch = msgspec.field(default_factory=Batch)
    serving: Serving = msgspec.field(default_factory=Serving)
    agents: Agents = msgspec.field(default_factory=Agents)
    execution: Execution = msgspec.field(default_factory=Execution)
    risk: Risk = msgspec.field(default_factory=Risk)
    venue: Venue = msgspec.field(default_factory=Venue)
    adaptation: Adaptation = msgspec.field(default_factory=Adaptation)
    store: Store = msgspec.field(default_factory=Store)

    @property
    def config_hash(self) -> str:
        """SHA-256, in hex, of `decisive_json`."""
        return hashlib.sha256(self.decisive_json).hexdigest()

    @property
    def decisive_json(self) -> bytes:
        """`decisive` as one JSON object, keys sorted."""
        return msgspec.json.encode(self.decisive, order="deterministic")

    @property
    def decisive(self) -> dict[str, Any]:
        """Everything that can change a decision, as JSON values by section."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        content.pop("store")
        return content


def load_config(
    path: Path | None = None, environ: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> Config:
    """Read the configuration.

    Parameters
    ----------
    path
        A TOML file, or None.
    environ
        The environment (default: the process's); keys ``ALPHA_PULSE__SECTION__KEY``.
    overrides
        From flags: ``{"section.key": value}``.

    Raises
    ------
    ConfigError
        Naming what was found, where, what was expected.

    >>> load_config(environ={"ALPHA_PULSE__VENUE__FEE_BPS": "2.5"}).venue.fee_bps
    2.5
    """
    content = _read_toml(path) if path is not None else {}
    sources = {} if path is None else dict.fromkeys(_keys(content), str(path))
    for name, raw in sorted((os.environ if environ is None else environ).items()):
        if name.startswith(ENV_PREFIX) and name not in SECRETS:
            keys = name[len(ENV_PREFIX) :].lower().split("__")
            _put(content, keys, _parse(raw), name)
            sources[".".join(keys)] = name
    for name, value in (overrides or {}).items():
        _put(content, name.split("."), value, name)
        sources[name] = name
    _refuse_unknown(content, Config, sources, "")
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        said = explain(error, content, Config, sources)
        raise ConfigError(f"{said}; see 'alpha-pulse config show' for every key and its default") from None


def _keys(content: Mapping[str, Any]) -> list[str]:
    """All keys of a file, as ``section.key``."""
    found: list[str] = []
    for name, value in content.items():
        found += [name, *(f"{name}.{key}" for key in value)] if isinstance(value, Mapping) else [name]
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"configuration file {path} cannot be read ({error.strerror}); give --config an existing TOML file"
        ) from None
    except ValueError as error:  # no TOML, no UTF-8, or a number too long for Python
        raise ConfigError(f"configuration file {path} is not valid TOML: {error}") from None


def _parse(raw: str) -> Any:
    """An environment value: TOML where it is one (numbers, booleans, lists), else the text itself."""
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except ValueError:
        return raw


def _put(content: dict[str, Any], keys: list[str], value: Any, name: str) -> None:
    at = content
    for key in keys[:-1]:
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            raise ConfigError(f"{name} names a key below {key!r}, which is a value; write SECTION and KEY, joined by '__'")
    at[keys[-1]] = value


def _refuse_unknown(content: Mapping[str, Any], kind: type[msgspec.Struct], sources: Mapping[str, str], section: str) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in content.items():
        if key not in fields:
            where = source_of(f"{section}.{key}" if section else key, sources) or "the configuration"
            place = f"section [{section}]" if section else "the top level"
            raise ConfigError(f"{where}: unknown key {key!r} at {place}{did_you_mean(key, fields)}")
        inner = fields[key].type
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _refuse_unknown(value, inner, sources, key)
