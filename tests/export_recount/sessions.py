"""Learning sessions and their drift monitors."""

from __future__ import annotations

import itertools

from .files import SECOND, TARGETS, Files, Row, ms
from .scores import losses, members_of, scored, scores
from .success import learning_rows
from .trading import open_lots


def loop_sessions(files: Files) -> list[tuple[str, str]]:
    return [(symbol, target) for symbol in files.symbols for target in (*TARGETS, "trade_quality")]


def session(files: Files, symbol: str, target: str) -> Row:
    """A session of the loop while the run goes on."""
    made = files.of("predictions", symbol=symbol, target=target)
    labels = files.of("labels", symbol=symbol, target=target)
    learned = learned_rows(files, symbol, target)
    found = scores(scored(files, symbol, target))[-files.config["learning"]["window"] :]
    alarms, done = files.of("alarms", symbol=symbol, target=target), files.of("adaptations", symbol=symbol, target=target)
    last_alarm = max(alarms, key=lambda row: row["known_at"], default=None)
    newest = max(done, key=lambda row: row["began_at"], default=None)
    models = files.of("models", session_id=f"{symbol}/{target}")
    open_trials = {row["action_id"] for row in done} - {row["action_id"] for row in done if row["status"] != "open"}
    quarantined = bool(made) and made[-1]["quarantined"]
    return {
        "session_id": f"{symbol}/{target}", "symbol": symbol, "target": target, "version": str(len(learned)), "source": "loop",
        **({"model_type": made[-1]["online_model"], "horizon": made[-1]["horizon_bars"]} if made else {}),
        **({"n_features": made[-1]["features_used"]} if made else {}),
        "state": "in_trial" if open_trials else "quarantined" if quarantined else "learning",
        "labels_used": len(learned),
        "pending": len(waiting_signals(files, symbol)) if target == "trade_quality" else len(made) - len(labels),
        "ties": sum(row["status"] == "tie" for row in labels), "quarantines": quarantines(made),
        "age_s": (files.now - learned[-1]["known_at"]) / SECOND if learned else None,
        "last_drift_ms": ms(last_alarm["known_at"] if last_alarm else None),
        "last_drift_bar_open_ms": ms(last_alarm["open_time"] if last_alarm else None),
        "last_adaptation_ms": ms(newest["began_at"] if newest else None),
        "last_adaptation_bar_open_ms": ms(newest["began_open_time"] if newest else None),
        "batch_model": batch_model(files, models[-1], symbol, made) if models else None,
        "skill_millinats": 1_000.0 * (losses(found[:, 2], found[:, 5]) - losses(found[:, 3], found[:, 5])).mean(),
    }  # fmt: skip


def learned_rows(files: Files, symbol: str, target: str) -> list[Row]:
    """The labels that a session has used."""
    if target == "trade_quality":
        return files.of("scored_trades", symbol=symbol)
    return [row for row in files.of("labels", symbol=symbol, target=target) if row["status"] in ("scored", "weightless")]


def waiting_signals(files: Files, symbol: str) -> set[str]:
    """Signals of open lots and of orders that wait, and the newest one that became an order."""
    last = files.of("bars", symbol=symbol)[-1]["seq"]
    ordered = [row for row in files.of("orders", book="combined", symbol=symbol) if row["kind"] == "market"]
    held = {signal for *_, signal in open_lots(files.of("fills", book="combined", symbol=symbol))}
    return held | {row["signal_id"] for row in ordered if row["seq"] == last or row is ordered[-1]}


def quarantines(made: list[Row]) -> int:
    return sum(now["quarantined"] and not before["quarantined"] for before, now in itertools.pairwise(made))


def batch_model(files: Files, row: Row, symbol: str, made: list[Row]) -> Row:
    """The newest model: it was trained at the end of a bar before its first prediction."""
    first = next(each for each in made if each["seq"] == row["seq"])
    ago = round(first["batch_age_s"] * SECOND)
    trained = next(bar for bar in files.of("bars", symbol=symbol) if bar["known_at"] == first["known_at"] - ago)
    return {
        "model_id": row["model_id"], "version": row["version"], "trained_ms": ms(trained["known_at"]),
        "trained_bar_open_ms": ms(trained["open_time"]),
    }  # fmt: skip


def session_scores(files: Files, symbol: str, target: str) -> Row:
    status, rows = session(files, symbol, target), scores(scored(files, symbol, target))
    ages = [
        row["label_age_s"] for row in files.of("predictions", symbol=symbol, target=target) if row["label_age_s"] is not None
    ]
    window = rows[-files.config["learning"]["window"] :]
    return {
        **{name: status[name] for name in ("session_id", "labels_used", "pending", "ties", "quarantines")},
        **{name: status[name] for name in ("model_type",) if name in status},
        "age_mean_s": sum(ages) / len(ages) if ages else None, "age_max_s": max(ages, default=None),
        "whole_run": members_of(rows, exact=False), "window": members_of(window, exact=True),
    }  # fmt: skip


def drift(files: Files, symbol: str, target: str) -> Row:
    alarms = files.of("alarms", symbol=symbol, target=target)
    open_episodes = [e for e in learning_rows(files).episodes() if e["session"] == f"{symbol}/{target}" and not e["recovery"]]
    return {
        "session_id": f"{symbol}/{target}", "alarms": len(alarms), "last_alarm": alarm_brief(alarms[-1]) if alarms else None,
        "state": "drifting" if open_episodes else "stable",
    }  # fmt: skip


def alarm_brief(row: Row) -> Row:
    return {
        **{name: row[name] for name in ("alarm_id", "detector", "score", "sample", "monitored")}, "ts_ms": ms(row["known_at"]),
        "bar_open_ms": ms(row["open_time"]), "change_ms": ms(row["change_at"]),
        "change_bar_open_ms": ms(row["change_open_time"]),
    }  # fmt: skip
