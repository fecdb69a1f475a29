"""One prediction with all its details, and messages of the stream."""

from __future__ import annotations

import json

from .adaptation import action_at, actions, alarm_out
from .files import TARGETS, Files, Row, ms, number_of
from .scores import MEMBERS, SCORE_COLUMNS, SHOWN, metrics_history
from .series import predictions, realised_volatilities
from .trading import by_first_trade, fill_out, trade_out


def members_out(row: Row) -> list[Row]:
    ages = {"online": "label_age_s", "batch": "batch_age_s", "base": "label_age_s"}
    models = {"online": row["online_model"], "batch": row["batch_model"], "base": "base_rate"}
    versions = {"online": str(row["online_labels_used"]), "batch": row["batch_version"], "base": ""}
    return [
        {
            "model_id": models[source], "version": versions[source], "source": source, "age_s": row[age],
            "probability": row[f"{source}_probability"], "weight": row[f"{source}_weight"],
        }
        for source, age in ages.items()
        if row[f"{source}_probability"] is not None
    ]  # fmt: skip


def inspection(files: Files, prediction_id: str) -> Row:
    (row,) = files.of("predictions", prediction_id=prediction_id)
    symbol, seq, number = row["symbol"], row["seq"], number_of(prediction_id)
    (bar,) = files.of("bars", symbol=symbol, seq=seq)
    (features,) = files.of("features", symbol=symbol, seq=seq)
    (signal,) = files.of("signals", symbol=symbol, seq=seq)
    label = next(iter(files.of("labels", prediction_id=prediction_id)), None)
    own = [each for each in by_first_trade(files.of("fills", symbol=symbol)) if number_of(each["order_id"]) == number]
    opened = {each["fill_id"] for each in own}
    late = [each for each in files.of("refusals", symbol=symbol) if each["order_id"] and number_of(each["order_id"]) == number]
    at_gate = [each for each in files.of("refusals", symbol=symbol, seq=seq) if each["order_id"] is None]
    names = ("prediction_id", "symbol", "target", "seq", "probability", "confidence", "quarantined")
    status = "pending" if label is None else "expired" if label["status"] == "expired" else "labelled"
    return {
        **{name: row[name] for name in names}, "horizon": row["horizon_bars"], "ts_ms": ms(row["known_at"]),
        "bar_open_ms": ms(row["open_time"]), "members": members_out(row), "status": status,
        "missing": [
            {"model_id": row[f"{source}_model"], "reason": row[f"{source}_missing"]}
            for source in ("online", "batch")
            if row[f"{source}_missing"]
        ],
        "features": dict(list(features.items())[4 : 4 + row["features_used"]]), "bar": bar_out(bar),
        "abstention": signal["abstention_reason"], "signals": signals_out(files, signal),
        "orders": [order_out(each) for each in files.of("orders", symbol=symbol, seq=seq)],
        "refusals": [
            {"book": each["book"], "reasons": json.loads(each["reasons"]), "order_id": each["order_id"]}
            for each in (*at_gate, *by_first_trade(late))
        ],
        "label": label_out(label) if label is not None and status == "labelled" else None,
        "fills": [fill_out(each) for each in own],
        "trades": [
            trade_out(each) for each in by_first_trade(files.of("lots", symbol=symbol)) if each["open_fill_id"] in opened
        ],
    }  # fmt: skip


def bar_out(row: Row) -> Row:
    return {name: row[name] for name in ("open", "high", "low", "close", "volume")}


def order_out(row: Row) -> Row:
    names = ("order_id", "book", "kind", "quantity", "stop_price", "signal_id", "prediction_id")
    return {name: row[name] for name in names}


def signals_out(files: Files, signal: Row) -> list[Row]:
    """The combined signal, then those of the agents."""
    parts = files.of("agent_signals", symbol=signal["symbol"], seq=signal["seq"])
    nothing = dict.fromkeys(("confidence", "rule_part", "ml_part"))
    combined = {
        **{name: signal[name] for name in ("signal_id", "direction", "confidence")}, "agent": "combined", "weight": None,
        "rule_part": signal["rule_direction"], "ml_part": signal["model_direction"],
    }  # fmt: skip
    return [combined, *({**{k: part[k] for k in ("signal_id", "agent", "direction", "weight")}, **nothing} for part in parts)]


def label_out(row: Row) -> Row:
    values = {name: row[column] for name, column in zip((*MEMBERS, "label", "last_known"), SCORE_COLUMNS, strict=False)}
    return {
        **{name: row[name] for name in ("label", "value", "next_open_return", "weight")}, "ts_ms": ms(row["known_at"]),
        "bar_open_ms": ms(row["open_time"]), "scores": values if row["status"] == "scored" else None,
    }  # fmt: skip


def step(files: Files, symbol: str, first: int, last: int) -> Row:
    """One message for the steps ``first`` to ``last``."""

    def within(table: str) -> list[Row]:
        return [row for row in files.of(table, symbol=symbol) if first <= row["seq"] <= last]

    newest = within("bars")[-1]
    labels = [row for row in within("labels") if row["status"] != "expired"]
    series = {target: predictions(files, symbol, target)["columns"] for target in TARGETS}
    places = {target: newest_at(series[target]["seq"], last) for target in TARGETS}
    at_volatility = places["volatility"]
    alarms = files.of("alarms", symbol=symbol)
    touched = {row["alarm_id"] for table in ("alarms", "alarm_responses") for row in within(table)}
    by_id = {row["action_id"]: row for row in actions(files)}
    realised = [row for row in labels if row["target"] == "volatility"][-1:]
    return {
        "ts_ms": ms(newest["known_at"]), "bar_open_ms": ms(newest["open_time"]), "bar": bar_out(newest),
        "steps": last - first + 1,
        "served": [
            {name: row[name] for name in ("target", "probability", "confidence", "prediction_id")}
            for row in files.of("predictions", symbol=symbol, seq=newest["seq"])
        ],
        "equity": {row["book"]: row["equity_cash"] for row in files["equity"] if row["seq"] <= last},
        "fills": [fill_out(row) for row in within("fills")], "trades": [trade_out(row) for row in within("lots")],
        "labels": [{name: row[name] for name in ("prediction_id", "target", "label")} for row in labels],
        "alarms": [alarm_out(files, row) for row in alarms if row["alarm_id"] in touched],
        "adaptations": [action_at(by_id[row["action_id"]], row) for row in within("adaptations")],
        "skill": {target: skills_at(files, symbol, target, last) for target in TARGETS},
        "weights": {
            target: {name: series[target][f"weight_{name}"][place] for name in ("online", "batch", "base")}
            for target, place in places.items()
            if place is not None
        },
        "volatility": {
            "forecast": None if at_volatility is None else series["volatility"]["volatility_forecast"][at_volatility],
            "realised": realised_volatilities(files, symbol)[realised[0]["seq"]] if realised else None,
        },
    }  # fmt: skip


def newest_at(seqs: list[int], last: int) -> int | None:
    return max((place for place, seq in enumerate(seqs) if seq <= last), default=None)


def skills_at(files: Files, symbol: str, target: str, last: int) -> dict[str, float | None]:
    columns = metrics_history(files, symbol, target)["columns"]
    place = newest_at(columns["seq"], last)
    return {name: None if place is None else columns[f"skill_{name}"][place] for name in SHOWN}
