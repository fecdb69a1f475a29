"""The exported tables and their columns: the declaration from which files, frames and the reference are made.

The rows of each table are in the order of steps, and have two times: ``open_time``, the open of the bar, which is the time that
charts show, and ``known_at``, the end of the bar, when its content became known. What is undefined is null.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

from alpha_pulse.stores.tables import LATER
from alpha_pulse.stores.views import VIEWS

Kind = Literal["text", "whole", "number", "time", "flag"]

DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "whole": pl.Int64(),
    "number": pl.Float64(),
    "time": pl.Datetime("ns", "UTC"),
    "flag": pl.Boolean(),
}
_PROBABILITY = "probability, 0 to 1"
_NO_BATCH = "null before the batch model predicts"
_NO_ONLINE = "null where it took no part"
_NO_TRIAL = "null without a trial"
_EXPECTED = "fraction of the position; null where it traded, 0 where it had no probability"
_NOT_SCORED = "null unless status is `scored`"


class Column(NamedTuple):
    """One column. ``meaning`` states the unit."""

    name: str
    kind: Kind
    meaning: str

    @property
    def dtype(self) -> pl.DataType:
        """Its type in frames and Parquet files."""
        return DTYPES[self.kind]


class Exported(NamedTuple):
    """One table: what a row is, and the columns. ``of_features``: each feature of the run is a further column."""

    about: str
    columns: tuple[Column, ...]
    of_features: bool = False


SEQ = Column("seq", "whole", "step, from 0")
POSITION = Column("position", "whole", "order within the step")
OPEN_TIME = Column("open_time", "time", "open of the bar, UTC")
KNOWN_AT = Column("known_at", "time", "when it became known: the end of the bar, UTC")
_SYMBOL = Column("symbol", "text", "symbol")
_TARGET = Column("target", "text", "volatility or direction")
_BEGIN = (SEQ, OPEN_TIME, KNOWN_AT)


def _of(kind: Kind, *columns: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, kind, meaning) for name, meaning in columns)


_PRICE = "quote currency per unit of the asset"
_OF_TRIAL = (
    ("adapted_raw_probability", f"adapted model of a running trial, before calibration: {_PROBABILITY}; {_NO_TRIAL}"),
    ("control_raw_probability", f"control of the trial, before calibration: {_PROBABILITY}; {_NO_TRIAL}"),
)
_DENSE: dict[str, Exported] = {
    "agent_signals": Exported(
        "What one agent decided about one symbol at one bar",
        (
            *_BEGIN,
            *_of(
                "text",
                ("signal_id", "name, unique in the run"),
                ("symbol", "symbol"),
                ("agent", "name of the agent"),
                ("prediction_id", "prediction that it used; null where there is none"),
            ),
            *_of(
                "number",
                ("direction", "desired position, -1 (short) to 1 (long)"),
                ("rule_direction", "direction of its rules, -1 to 1"),
                ("model_direction", "direction of the model, -1 to 1; null where it took no part"),
                ("confidence", f"{_PROBABILITY}; null where it is not known"),
                ("weight", "weight in the combined signal, 0 to 1"),
            ),
        ),
    ),
    "bars": Exported(
        "One bar of one symbol",
        (
            *_BEGIN,
            _SYMBOL,
            Column("number", "whole", "number of the bar's slice in the data, from 0; ids of its predictions end with it"),
            *_of("number", ("open", _PRICE), ("high", _PRICE), ("low", _PRICE), ("close", _PRICE)),
            *_of(
                "number",
                ("volume", "as in the data; null where they have none"),
                ("bid", f"at the close, {_PRICE}; null where the data have none"),
                ("ask", f"at the close, {_PRICE}; null where the data have none"),
            ),
        ),
    ),
    "challengers": Exported(
        "What one challenger predicted for one symbol and target at one bar, also where it was left out",
        (
            *_BEGIN,
            _SYMBOL,
            *_of(
                "text", ("prediction_id", "served prediction of that bar"), ("target", _TARGET.meaning), ("challenger", "name")
            ),
            *_of(
                "number",
                ("probability", f"calibrated {_PROBABILITY}; null where it was left out"),
                ("weight", "in the served prediction, 0 to 1"),
            ),
            Column("labels_used", "whole", "labels that it had learned"),
            Column("missing", "text", "why it is left out from this bar on; null elsewhere"),
        ),
    ),
    "equity": Exported(
        "The equity of one book after one step with bars",
        (*_BEGIN, Column("book", "text", "name of the book"), Column("equity_cash", "number", "cash and positions, cash")),
    ),
    "features": Exported(
        "The features of one symbol at one bar, once it has enough bars; null where a feature is missing",
        (*_BEGIN, _SYMBOL),
        of_features=True,
    ),
    "labels": Exported(
        "What became of one prediction, with the probabilities that its label scored",
        (
            *_BEGIN,
            Column("prediction_id", "text", "prediction that was labelled"),
            _SYMBOL,
            _TARGET,
            Column(
                "status", "text", "`scored`, `weightless` (not scored), `tie` (no label) or `expired` (its bar came too late)"
            ),
            Column("label", "whole", "1 for a rise or for a volatility above its median, else 0; null for a tie or expired"),
            *_of(
                "number",
                ("value", "log return from close to close, or realised volatility divided by its median; null for expired"),
                ("next_open_return", "log return from the next bar's open; null for volatility and for expired"),
                ("weight", "weight in learning; null for expired"),
                ("online_probability", f"online member, as scored: {_PROBABILITY}; {_NOT_SCORED} and it took part"),
                ("batch_probability", f"batch member: {_PROBABILITY}; {_NOT_SCORED} and it took part"),
                ("base_probability", f"base rate: {_PROBABILITY}; {_NOT_SCORED}"),
                ("probability", f"as served: {_PROBABILITY}; {_NOT_SCORED}"),
                ("no_change_probability", f"no-change rule: {_PROBABILITY}; {_NOT_SCORED}"),
                ("last_known_label", f"newest label when the prediction was served; 0.5 without one; {_NOT_SCORED}"),
                ("online_raw_probability", f"online member before calibration: {_PROBABILITY}; {_NOT_SCORED} and it took part"),
                *_OF_TRIAL,
            ),
        ),
    ),
    "predictions": Exported(
        "One served prediction, with the members that it was mixed from",
        (
            *_BEGIN,
            Column("prediction_id", "text", "name, unique in the run"),
            _SYMBOL,
            _TARGET,
            *_of(
                "whole",
                ("horizon_bars", "bars until its label"),
                ("online_labels_used", "labels that the online model had learned; its version"),
                ("features_used", "number of the features it was made from: the first ones of table features"),
            ),
            *_of(
                "number",
                ("probability", f"that the label will be 1, as served: {_PROBABILITY}"),
                ("confidence", f"that the predicted class is right: {_PROBABILITY}; null until 500 labels are scored"),
                ("online_raw_probability", f"online member before calibration: {_PROBABILITY}; {_NO_ONLINE}"),
                ("online_probability", f"online member after calibration: {_PROBABILITY}; {_NO_ONLINE}"),
                ("online_weight", f"0 to 1; {_NO_ONLINE}"),
                ("batch_raw_probability", f"batch member before calibration: {_PROBABILITY}; {_NO_BATCH}"),
                ("batch_probability", f"batch member after calibration: {_PROBABILITY}; {_NO_BATCH}"),
                ("batch_weight", f"0 to 1; {_NO_BATCH}"),
                ("base_probability", f"base rate: {_PROBABILITY}"),
                ("base_weight", "0 to 1"),
                ("no_change_probability", f"no-change rule, not mixed: {_PROBABILITY}"),
                ("last_known_label", "newest label known; 0.5 without one"),
                *_OF_TRIAL,
                ("label_age_s", "market time since the newest label of online and base; null without one, seconds"),
                ("batch_age_s", "market time since the batch member was trained; null before, seconds"),
            ),
            *_of(
                "text",
                ("online_model", "name of the online model"),
                ("batch_model", "name of the batch model; null without one"),
                ("batch_version", "start of the SHA-256 of the batch model, hex; null before it is trained"),
                ("online_missing", "why the online member took no part; null where it did"),
                ("batch_missing", "why the batch member took no part; null where it did"),
            ),
            Column("quarantined", "flag", "whether the online member was quarantined"),
        ),
    ),
    "run": Exported(
        "The run: one row",
        (
            *_of(
                "text",
                ("run_id", "name of the run"),
                ("program_version", "version of the program that started it"),
                ("config_hash", "SHA-256 of the configuration, hex"),
                ("feed_identity", "hash of the data"),
                ("config", "JSON object of the configuration"),
                ("result", "JSON object of the result; null until the run is finished"),
            ),
            Column("schema_version", "whole", "layout of the store"),
            Column("steps", "whole", "steps that were exported"),
        ),
    ),
    "signals": Exported(
        "The combined decision about one symbol at one bar, and what sizes the position",
        (
            *_BEGIN,
            *_of(
                "text",
                ("signal_id", "name, unique in the run"),
                ("symbol", "symbol"),
                ("prediction_id", "prediction that was used; null where there is none"),
            ),
            *_of(
                "number",
                ("direction", "desired position, -1 (short) to 1 (long)"),
                ("rule_direction", "direction of the rules by the learned weights, -1 to 1"),
                ("model_direction", "mean direction of the models, -1 to 1; null where none took part"),
                ("equal_rules_direction", "direction of the rules by equal weights, without any model, -1 to 1"),
                ("confidence", f"{_PROBABILITY}; null where it is not known"),
                ("volatility", "forecast of the volatility of log returns per bar; 0 before there is one"),
                ("plain_volatility", "the same without a model"),
                (
                    "quality",
                    "factor on the size by the trade-quality model, 0.5 to 1.5; 1 before 200 closed trades of the symbol",
                ),
                ("expected_gain", f"gain that the cost-aware rule expected, {_EXPECTED}"),
                ("expected_cost", f"cost that the cost-aware rule expected, {_EXPECTED}"),
            ),
            Column("abstention_reason", "text", "why the cost-aware rule did not trade, sentence; null where it traded"),
        ),
    ),
}

_ABOUT = {
    "adaptations": "An adaptation as it began, and again as it ended",
    "alarm_responses": "A response to a drift alarm; the newest one of an alarm is valid",
    "alarms": "A drift alarm",
    "commands": "A command of a user",
    "fills": "An executed order",
    "lots": (
        "A closed trade: a part of a position, first in, first out. One that was worth less than the smallest order when it "
        "was opened is not counted as a trade in the result. The sum of `net_pnl_cash` is not the net P&L of the result, which "
        "includes open positions"
    ),
    "models": "A trained batch model",
    "orders": "An order that the risk gate accepted",
    "refusals": "An order that was refused, at its decision or at its fill",
    "regimes": "A change of a market's regime",
    "requests": "An adaptation that was requested, when it was handled",
    "scored_trades": "A closed lot of the combined book as the trade-quality model scored it",
    "units": "The units of a symbol's numbers",
}
RARE = tuple(_ABOUT)
"""Exported tables with the columns of a view (`alpha_pulse.stores.views`)."""


_PARTS = (
    "; `ml/X/7` and `rules/X/7` have no row of their own: they are `model_direction` and `equal_rules_direction` of the signal "
    "`combined/X/7`"
)
_ADDED = {
    **{(table, "signal_id"): _PARTS for table in ("fills", "lots", "orders", "refusals")},
    **{place: f", or {values}" for place, values in LATER.items()},
    ("adaptations", "effect_nats"): (
        "; of promote and rollback: the mean by which the squared error is smaller, null where nothing was compared"
    ),
    ("scored_trades", "batch_probability"): "; always null, because trade quality has no batch model",
    ("scored_trades", "adapted_raw_probability"): f"; {_NO_TRIAL}",
    ("scored_trades", "control_raw_probability"): f"; {_NO_TRIAL}",
}
"""What follows the meaning that a column has in its view."""

AHEAD = ("ready_at",)
"""Times that are not the end of a bar: they have no open beside them."""


def opening(name: str) -> str:
    """The name of the open beside a time.

    >>> opening("known_at"), opening("opened_at")
    ('open_time', 'opened_open_time')
    """
    return "open_time" if name == "known_at" else f"{name.removesuffix('_at')}_open_time"


def _rare(table: str) -> Exported:
    """The columns of a table of rare rows: those of its view, and the open of the bar of each time."""
    columns: list[Column] = [SEQ, POSITION, OPEN_TIME, KNOWN_AT]
    for column in VIEWS[table]:
        if column.name == "known_at":
            continue
        if column.kind == "time" and column.name not in AHEAD:
            columns.append(Column(opening(column.name), "time", f"open of the bar that ended at {column.name}, UTC"))
        meaning = column.meaning + _ADDED.get((table, column.name), "")
        columns.append(Column(column.name, column.kind, meaning))
    return Exported(_ABOUT[table], tuple(columns))


TABLES: dict[str, Exported] = dict(sorted({**_DENSE, **{table: _rare(table) for table in RARE}}.items()))
"""The exported tables by name."""
