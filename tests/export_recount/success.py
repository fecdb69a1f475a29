"""Counts of the run, and its success metrics."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from recount import Recount, interval_of_total

from .adaptation import actions
from .files import SECOND, TARGETS, Files, Row
from .scores import SCORE_COLUMNS, guesses, losses, scores
from .trading import book_status

TRIAL_COLUMNS = ("adapted_raw_probability", "control_raw_probability")
ALARM_STATUSES = ("acted", "deferred", "skipped")


def counts(files: Files) -> Row:
    labels, made = files["labels"], files["predictions"]
    expired = sum(row["status"] == "expired" for row in labels)
    newest = {row["alarm_id"]: row["status"] for row in files["alarm_responses"]}
    return {
        "predictions": len(made), "labelled": len(labels) - expired, "pending": len(made) - len(labels), "expired": expired,
        "fills": len(files.of("fills", book="combined")), "trades": book_status(files, "combined")["trades"],
        "alarms": len(files["alarms"]), "adaptations": len(actions(files)),
        **{f"alarms_{status}": sum(found == status for found in newest.values()) for status in ALARM_STATUSES},
    }  # fmt: skip


def learning_rows(files: Files) -> Recount:
    """The rows of the export by step, as those of the journal."""
    rows: dict[int, Row] = defaultdict(dict)

    def put(row: Row, key: str, content: Row) -> None:
        rows[row["seq"]].setdefault(key, []).append(content)

    for row in files["labels"]:
        of_trial = [row[name] for name in TRIAL_COLUMNS] if row["control_raw_probability"] is not None else []
        values = [row[name] for name in SCORE_COLUMNS] if row["status"] == "scored" else []
        names = ("symbol", "target", "label")
        put(row, "labels", {**{k: row[k] for k in names}, "label_ts": row["known_at"], "scores": values, "trial": of_trial})
    for row in files["alarms"]:
        put(row, "alarms", {**row, "ts": row["known_at"], "change_ts": row["change_at"]})
    for row in files["adaptations"]:
        put(row, "adaptations", {**row, "ts": row["began_at"]})
    for row in files["alarm_responses"]:
        put(row, "alarm_responses", {**row, "ts": row["known_at"]})
    found = Recount([])
    found.rows = [rows[seq] for seq in sorted(rows)]
    return found


def success_metrics(files: Files) -> Row:
    mean_s, longest_s = freshness(files)
    return {
        "model_freshness_mean_s": mean_s, "model_freshness_max_s": longest_s, "adaptation_speed": adaptation_speed(files),
        "online_minus_batch": {target: online_minus_batch(files, target) for target in TARGETS},
        "ml_pnl": ml_pnl(files),
    }  # fmt: skip


def freshness(files: Files) -> tuple[float | None, float | None]:
    ages = []
    for row in files["predictions"]:
        members = [("online", "label_age_s"), ("batch", "batch_age_s"), ("base", "label_age_s")]
        known = [
            (row[f"{name}_weight"], row[age])
            for name, age in members
            if row[f"{name}_probability"] is not None and row[age] is not None
        ]
        if known:
            ages.append(sum(weight * age for weight, age in known) / sum(weight for weight, _ in known))
    return (sum(ages) / len(ages), max(ages)) if ages else (None, None)


def adaptation_speed(files: Files) -> Row:
    episodes = learning_rows(files).episodes()
    over = [episode for episode in episodes if episode["recovery"] and episode["status"] != "open"]
    acted = [episode for episode in episodes if episode["action"]]
    recovered = [episode for episode in over if episode["status"] == "accepted"]
    return {
        "drifts": len(episodes), "accepted": sum(episode["status"] == "accepted" for episode in episodes),
        "acted": response_times(acted, "alarm", "action"),
        "recovered": response_times(recovered, "alarm", "action", "recovery"),
        "recovered_without_adaptation": response_times(
            [episode for episode in over if episode["status"] != "accepted"], "alarm", "recovery"
        ),
    }  # fmt: skip


def response_times(episodes: list[Row], *steps: str) -> Row:
    times: Row = {"episodes": len(episodes)}
    for step in ("alarm", "action", "recovery"):
        for place, name, unit in ((0, "samples", 1), (1, "market_s", SECOND)):
            away = [(episode[step][place] - episode["change"][place]) / unit for episode in episodes] if step in steps else []
            times[f"{name}_to_{step}"] = sum(away) / len(away) if away else None
    return times


def online_minus_batch(files: Files, target: str) -> Row | None:
    """The mean difference; its interval is a bootstrap, of which the result of a run is an example."""
    rows = scores(sorted(files.of("labels", target=target, status="scored"), key=lambda row: row["seq"]))
    rows = rows[~np.isnan(rows[:, 0]) & ~np.isnan(rows[:, 1])]
    if not len(rows):
        return None
    hits = [(guesses(rows, member) == rows[:, 5]).mean() for member in (0, 1)]
    gain = losses(rows[:, 1], rows[:, 5]) - losses(rows[:, 0], rows[:, 5])
    return {"labels": len(rows), "accuracy": hits[0] - hits[1], "mean": 1_000.0 * gain.mean()}


def ml_pnl(files: Files) -> Row | None:
    if not {"combined", "rules_only"} <= set(files.books):
        return None
    combined, rules = (
        np.array([row["equity_cash"] for row in files.of("equity", book=book)]) for book in ("combined", "rules_only")
    )
    net = np.diff(combined - rules, prepend=0.0)
    place = {row["seq"]: at for at, row in enumerate(files.of("equity", book="combined"))}
    gross = net.copy()
    for sign, book in ((1.0, "combined"), (-1.0, "rules_only")):
        for row in files.of("fills", book=book):
            gross[place[row["seq"]]] += sign * (row["cost_cash"] + row["fee_cash"])
    found: Row = {}
    for name, values in (("net", net), ("gross", gross)):
        low, high = interval_of_total(values, files.config["seed"])
        found |= {name: values.sum(), f"{name}_low": low, f"{name}_high": high}
    return found
