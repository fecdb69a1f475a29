"""The plain tables of a store: rows that few steps have, one table for each kind of record.

Every table begins with ``seq``, the step, and ``position``, the order within the step. The other columns are the fields of the
record, in its order and under their names; lists and records within a record are JSON text. Times are nanoseconds since the
Unix epoch (UTC), prices are in quote currency, and the table ``units`` gives the decimals of cash and quantities.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Column(NamedTuple):
    """One column. ``meaning`` states the unit, and ends up in the schema that SQLite shows."""

    name: str
    type: Literal["INTEGER", "REAL", "TEXT"]
    nullable: bool
    meaning: str


_ID = "name, unique in the run"
_BOOK = "name of the book"
_SYMBOL = "symbol"
_TARGET = "volatility, direction or trade_quality"
_TIME = "ns since the Unix epoch, UTC"
_QUANTITY = "parts of 10^-quantity_decimals of a unit, above 0 to buy"
_MONEY = "minor units of 10^-cash_decimals of cash"
_PRICE = "quote currency per unit"
_PROBABILITY = "0 to 1"
_ORDER = "2 * the number of the slice at which it was decided, 1 more for a stop"
_SIGNAL = (
    "4 * the number of the slice of its bar, plus 0 for combined, 1 for rules, 2 for ml; 3 for a book that follows no signal"
)
_PREDICTION = "number of the slice of the prediction of the direction; null where there is none"
_OTHER = "JSON object of ids that follow no such pattern; null where all do"

LATER = {
    ("adaptations", "kind"): "promote or rollback",
    ("commands", "kind"): "promote, rollback, freeze, unfreeze, start_member or stop_member",
    ("commands", "value"): "or of the name of a member",
}
"""Values that are written since the tables were defined. Stores of one schema version share the definitions, so these stay."""
TABLES: dict[str, tuple[Column, ...]] = {
    "adaptations": (
        Column("action_id", "TEXT", False, _ID),
        Column("kind", "TEXT", False, "keep, boost or reset"),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("target", "TEXT", False, _TARGET),
        Column("ts", "INTEGER", False, f"start of the action, {_TIME}"),
        Column("cause", "TEXT", False, "id of the alarm, or who requested it"),
        Column("reason", "TEXT", False, "sentence"),
        Column("status", "TEXT", False, "open, accepted or rolled_back"),
        Column("closed_ts", "INTEGER", True, f"end of the trial, {_TIME}; null while it is open"),
        Column("effect", "REAL", True, "mean log loss without the action minus that with it, nats; null while it is open"),
        Column("effect_samples", "INTEGER", False, "labels behind the effect"),
    ),
    "alarm_responses": (
        Column("alarm_id", "TEXT", False, "alarm that was answered"),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("target", "TEXT", False, _TARGET),
        Column("ts", "INTEGER", False, _TIME),
        Column("status", "TEXT", False, "acted, deferred or skipped"),
        Column("reason", "TEXT", False, "sentence"),
        Column("action_id", "TEXT", True, "adaptation that was started; null where there is none"),
    ),
    "alarms": (
        Column("alarm_id", "TEXT", False, _ID),
        Column("detector", "TEXT", False, "name of the drift detector"),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("target", "TEXT", False, _TARGET),
        Column("ts", "INTEGER", False, _TIME),
        Column("sample", "INTEGER", False, "monitored values up to the alarm"),
        Column("score", "REAL", False, "difference of the means, or the statistic of the first feature"),
        Column("change_sample", "INTEGER", False, "monitored values up to the change"),
        Column("change_ts", "INTEGER", False, f"estimated change, {_TIME}"),
        Column("mean", "REAL", False, "mean of the monitored values since the change"),
        Column("monitored", "TEXT", False, "errors, calibration, labels or features"),
        Column("features", "TEXT", False, "JSON list of the features that changed"),
    ),
    "commands": (
        Column("kind", "TEXT", False, "start, update, stop, adapt, outcome or set"),
        Column("session_id", "TEXT", False, "session, * for all"),
        Column("model_type", "TEXT", True, "model of a session that is started"),
        Column("horizon", "INTEGER", True, "bars that a session predicts ahead"),
        Column("n_features", "INTEGER", True, "features of a session that is started"),
        Column("examples", "TEXT", True, "JSON list of labelled examples"),
        Column("drift_type", "TEXT", True, "kind of drift that an adaptation is requested for"),
        Column("outcome", "TEXT", True, "JSON object of a trade's outcome"),
        Column("setting", "TEXT", True, "configuration key"),
        Column("value", "TEXT", True, "JSON of the setting's new value"),
    ),
    "fills": (
        Column("book", "TEXT", False, _BOOK),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("ts", "INTEGER", False, _TIME),
        Column("quantity", "INTEGER", False, _QUANTITY),
        Column("price", "REAL", False, f"with half-spread and slippage, {_PRICE}"),
        Column("reference", "REAL", False, f"without half-spread and slippage, {_PRICE}"),
        Column("cost", "INTEGER", False, f"half-spread and slippage, {_MONEY}"),
        Column("fee", "INTEGER", False, f"fee of the venue, {_MONEY}"),
        Column("order_number", "INTEGER", True, _ORDER),
        Column("signal_number", "INTEGER", True, _SIGNAL),
        Column("prediction_number", "INTEGER", True, _PREDICTION),
        Column("other_ids", "TEXT", True, _OTHER),
    ),
    "lots": (
        Column("book", "TEXT", False, _BOOK),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("quantity", "INTEGER", False, "parts of 10^-quantity_decimals of a unit, above 0 for a long position"),
        Column("opened_ts", "INTEGER", False, _TIME),
        Column("closed_ts", "INTEGER", False, _TIME),
        Column("open_reference", "REAL", False, f"reference price of the opening fill, {_PRICE}"),
        Column("close_reference", "REAL", False, f"reference price of the closing fill, {_PRICE}"),
        Column("gross_pnl", "INTEGER", False, f"before costs, {_MONEY}"),
        Column("costs", "INTEGER", False, f"half-spread, slippage and fees, {_MONEY}; net P&L is gross_pnl - costs"),
        Column("rank", "INTEGER", False, "place among the lots that its closing fill closed, oldest first"),
        Column("open_number", "INTEGER", True, f"of the order that opened it: {_ORDER}"),
        Column("close_number", "INTEGER", True, f"of the order that closed it: {_ORDER}"),
        Column("signal_number", "INTEGER", True, _SIGNAL),
        Column("prediction_number", "INTEGER", True, _PREDICTION),
        Column("other_ids", "TEXT", True, _OTHER),
    ),
    "missing": (
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("target", "TEXT", False, _TARGET),
        Column("model_id", "TEXT", False, "member that took no part in the prediction"),
        Column("reason", "TEXT", False, "sentence"),
    ),
    "models": (
        Column("model_id", "TEXT", False, "batch member that was trained"),
        Column("session_id", "TEXT", False, "session of the member"),
        Column("version", "TEXT", False, "SHA-256 of the artefact, hex"),
        Column("examples", "INTEGER", False, "examples it was trained on"),
        Column("trained_ts", "INTEGER", False, f"market time of the training, {_TIME}"),
        Column("ready_ts", "INTEGER", False, f"predicts from the first slice at or after this time, {_TIME}"),
    ),
    "orders": (
        Column("book", "TEXT", False, _BOOK),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("ts", "INTEGER", False, _TIME),
        Column("order_number", "INTEGER", False, _ORDER),
        Column("quantity", "INTEGER", False, _QUANTITY),
        Column("stop_price", "REAL", True, f"price at which a stop is triggered, {_PRICE}; null for market orders"),
        Column("fraction", "REAL", True, "target value of the position as a fraction of the equity, from -1; null for a stop"),
        Column("signal_number", "INTEGER", True, _SIGNAL),
        Column("prediction_number", "INTEGER", True, _PREDICTION),
        Column("other_ids", "TEXT", True, _OTHER),
    ),
    "refusals": (
        Column("book", "TEXT", False, _BOOK),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("signal_id", "TEXT", False, "signal whose order was refused"),
        Column("reasons", "TEXT", False, "JSON list of sentences"),
        Column("order_id", "TEXT", True, "order that was refused at its fill; null when refused at the decision"),
    ),
    "regimes": (
        Column("change_id", "TEXT", False, _ID),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("ts", "INTEGER", False, _TIME),
        Column("feature", "TEXT", False, "volatility, trend or correlation"),
        Column("from_label", "TEXT", True, "calm, normal or turbulent; null for the first"),
        Column("to_label", "TEXT", False, "calm, normal or turbulent"),
        Column("probability", "REAL", False, f"of the new label, or of the change, {_PROBABILITY}"),
        Column("change_ts", "INTEGER", False, f"estimated start of the change, {_TIME}"),
        Column("ratio", "REAL", False, "volatility divided by its usual level"),
        Column("probabilities", "TEXT", False, "JSON list, of calm, normal and turbulent"),
    ),
    "requests": (
        Column("session_id", "TEXT", False, "session, * for the timer"),
        Column("drift_type", "TEXT", False, "kind of drift that the adaptation was requested for"),
    ),
    "scored_trades": (
        Column("lot_id", "TEXT", False, "lot of the primary book"),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("label", "INTEGER", False, "1 for a net profit, otherwise 0"),
        Column("scores", "TEXT", False, "JSON list of the scores"),
        Column("trial", "TEXT", False, "JSON list of the inputs of a trial"),
    ),
    "signals": (
        Column("signal_id", "TEXT", False, _ID),
        Column("agent", "TEXT", False, "name of the agent"),
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("ts", "INTEGER", False, _TIME),
        Column("direction", "REAL", False, "desired position, -1 (short) to 1 (long)"),
        Column("confidence", "REAL", True, f"{_PROBABILITY}; null where it is not known"),
        Column("rule_part", "REAL", False, "direction of the rules, -1 to 1"),
        Column("ml_part", "REAL", True, "direction of the model, -1 to 1; null where it took no part"),
        Column("prediction_id", "TEXT", True, "prediction that was used; null where there is none"),
        Column("contributions", "TEXT", False, "JSON list of the signals that were combined"),
    ),
    "units": (
        Column("symbol", "TEXT", False, _SYMBOL),
        Column("cash_decimals", "INTEGER", False, "decimals of a minor unit of cash"),
        Column("quantity_decimals", "INTEGER", False, "decimals of a part of a unit"),
        Column("lot", "INTEGER", False, "quantities are multiples of this many parts"),
        Column("min_order", "INTEGER", False, f"smallest value of an order, {_MONEY}"),
        Column("tick", "REAL", True, f"fill prices are multiples of it, {_PRICE}; null where none is set"),
    ),
}
