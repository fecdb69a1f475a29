"""Alarms, adaptations and regimes."""

from __future__ import annotations

import json

from .files import Files, Row, ms


def adaptations(files: Files) -> Row:
    return {"alarms": [alarm_out(files, row) for row in files["alarms"]], "actions": actions(files)}


def alarm_out(files: Files, alarm: Row) -> Row:
    answer = files.of("alarm_responses", alarm_id=alarm["alarm_id"])[-1]
    names = ("seq", "alarm_id", "detector", "symbol", "target", "score", "monitored")
    return {
        **{name: alarm[name] for name in names}, "ts_ms": ms(alarm["known_at"]), "bar_open_ms": ms(alarm["open_time"]),
        "change_ms": ms(alarm["change_at"]), "change_bar_open_ms": ms(alarm["change_open_time"]),
        "features": json.loads(alarm["features"]), **{name: answer[name] for name in ("status", "reason", "action_id")},
    }  # fmt: skip


def actions(files: Files) -> list[Row]:
    """Each action as it was last recorded, with the step in which it began."""
    newest: dict[str, Row] = {}
    for row in files["adaptations"]:
        first = newest.get(row["action_id"], row)
        newest[row["action_id"]] = {**row, "seq": first["seq"]}
    names = ("seq", "action_id", "kind", "symbol", "target", "cause", "reason", "status", "effect_samples")
    return [
        {
            **{name: row[name] for name in names}, "ts_ms": ms(row["began_at"]), "bar_open_ms": ms(row["began_open_time"]),
            "closed_ms": ms(row["closed_at"]), "closed_bar_open_ms": ms(row["closed_open_time"]), "effect": row["effect_nats"],
        }
        for row in newest.values()
    ]  # fmt: skip


def regimes(files: Files, symbol: str) -> Row:
    changes = files.of("regimes", symbol=symbol)
    periods = [row for row in changes if row["feature"] == "volatility"]
    return {
        "symbol": symbol,
        "regimes": [
            {
                "from_ms": ms(row["known_at"]), "from_bar_open_ms": ms(row["open_time"]),
                "to_ms": ms(after["known_at"] if after else None), "to_bar_open_ms": ms(after["open_time"] if after else None),
                "label": row["to_label"], "ratio": row["ratio"], "began_ms": ms(row["change_at"]),
                "began_bar_open_ms": ms(row["change_open_time"]),
                "probabilities": {label: row[f"{label}_probability"] for label in ("calm", "normal", "turbulent")},
            }
            for row, after in zip(periods, [*periods[1:], None], strict=True)
        ],
        "change_points": [
            {
                "ts_ms": ms(row["known_at"]), "bar_open_ms": ms(row["open_time"]), "began_ms": ms(row["change_at"]),
                "began_bar_open_ms": ms(row["change_open_time"]), "feature": row["feature"], "probability": row["probability"],
            }
            for row in changes
            if row["feature"] != "volatility"
        ],
    }  # fmt: skip


def action_at(newest: Row, row: Row) -> Row:
    """An action as one step recorded it."""
    return {
        **newest, "status": row["status"], "closed_ms": ms(row["closed_at"]), "effect": row["effect_nats"],
        "closed_bar_open_ms": ms(row["closed_open_time"]), "effect_samples": row["effect_samples"],
    }  # fmt: skip
