"""What a result shows, computed again from the rows of a store alone: JSON in, figures out, nothing of the product imported."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.metrics.intervals import block_length, student_quantile

HORIZONS = {"volatility": 12, "direction": 3, "trade_quality": 1}
ONLINE, BATCH, BASE, SERVED, NO_CHANGE, LABEL, LAST_KNOWN, RAW = range(8)
FLOOR = 1e-6
SPAN, BACK = 200, 0.75
LUCK = 1.645
Row = dict[str, Any]
Number = float | None


def loss(probability: Number, label: Number) -> float:
    """Log loss in nats; None is a model that had nothing to say."""
    p = 0.5 if probability is None else min(max(probability, FLOOR), 1.0 - FLOOR)
    return -math.log(p if label == 1 else 1.0 - p)


class Recount:
    """The rows, read once."""

    def __init__(self, payloads: Iterable[bytes]) -> None:
        self.rows: list[Row] = [json.loads(payload) for payload in payloads]

    def labels(self, target: str) -> list[Row]:
        """Scored labels of a market target, in order."""
        return [
            label for row in self.rows for label in row.get("labels", ()) if label["target"] == target and label.get("scores")
        ]

    def trades(self) -> list[Row]:
        """Closed lots as trade quality met them, in order."""
        return [trade for row in self.rows for trade in row.get("scored_trades", ())]

    @property
    def freshness_s(self) -> tuple[float, float]:
        """Mean and largest age of a prediction's members, by weight."""
        ages = []
        for row in self.rows:
            for prediction in row.get("predictions", ()):
                known = [(weight, age) for *_, weight, age in prediction["members"] if age is not None]
                if known:
                    ages.append(sum(weight * age for weight, age in known) / sum(weight for weight, _ in known) / 1e9)
        return sum(ages) / len(ages), max(ages)

    def trials(self) -> dict[str, tuple[float, int, str]]:
        """Of each action that was judged: effect, labels, and what became of it; from the inputs of its trial."""
        running: dict[str, tuple[str, list[float]]] = {}
        found = {}
        for row in self.rows:
            for session, label, trial in _on_trial(row):
                adapted, control = trial
                running[session][1].append(loss(control, label) - loss(adapted, label))
            for action in row.get("adaptations", ()):
                session = f"{action['symbol']}/{action['target']}"
                if action["status"] == "open":
                    running[session] = (action["action_id"], [])
                else:
                    name, saved = running.pop(session)
                    assert name == action["action_id"]
                    found[name] = _judged(saved, HORIZONS[action["target"]])
        return found

    def episodes(self) -> list[Row]:
        """Drifts of errors of market sessions: change, alarm, action and recovery, in labels and in nanoseconds."""
        found: list[Row] = []
        seen: defaultdict[str, int] = defaultdict(int)
        for row in self.rows:
            for label in row.get("labels", ()):
                if label.get("scores") and label["scores"][RAW] is not None:
                    session = f"{label['symbol']}/{label['target']}"
                    seen[session] += 1
                    error = (label["scores"][RAW] >= 0.5) != (label["label"] == 1)
                    for episode in found:
                        if episode["session"] == session:
                            _follow(episode, error, seen[session], label["label_ts"])
            for alarm in row.get("alarms", ()):
                if alarm["monitored"] == "errors" and alarm["target"] in ("volatility", "direction"):
                    level = alarm["mean"] - BACK * alarm["score"]
                    found.append(
                        {
                            "id": alarm["alarm_id"], "session": f"{alarm['symbol']}/{alarm['target']}", "level": level,
                            "change": (alarm["change_sample"], alarm["change_ts"]), "alarm": (alarm["sample"], alarm["ts"]),
                            "action": None, "action_id": None, "recovery": None, "status": None, "errors": [],
                        }
                    )  # fmt: skip
            for alarm_id, action_id, ts in _acted(row):
                for episode in found:
                    if episode["id"] == alarm_id and episode["recovery"] is None:
                        episode.update(action=(seen[episode["session"]], ts), action_id=action_id, status="open")
            for action in row.get("adaptations", ()):
                for episode in found:
                    if episode["action_id"] == action["action_id"]:
                        episode["status"] = action["status"]
        return found

    def earned(self) -> NDArray[np.float64]:
        """What each slice added to the net P&L of the combined book over that of the rules, in cash."""
        ahead = [row["equity"]["combined"] - row["equity"]["rules_only"] for row in self.rows if row.get("equity")]
        decimals: int = next(row["units"][0]["cash_decimals"] for row in self.rows if row.get("units"))
        steps: NDArray[np.float64] = np.diff(np.array([0, *ahead]).astype(np.float64)) / 10.0**decimals
        return steps


def _on_trial(row: Row) -> Iterable[tuple[str, int, list[Number]]]:
    for label in row.get("labels", ()):
        if label.get("trial"):
            yield f"{label['symbol']}/{label['target']}", label["label"], label["trial"]
    for trade in row.get("scored_trades", ()):
        if trade.get("trial"):
            yield f"{trade['symbol']}/trade_quality", trade["label"], trade["trial"]


def _acted(row: Row) -> Iterable[tuple[str, str, int]]:
    """Which alarms were acted on in a row: its own, or those that were deferred in earlier ones."""
    for action in row.get("adaptations", ()):
        if action["status"] == "open":
            yield action["cause"].removeprefix("drift:"), action["action_id"], action["ts"]
    for response in row.get("alarm_responses", ()):
        if response["status"] == "acted":
            yield response["alarm_id"], response["action_id"], response["ts"]


def _judged(saved: Sequence[float], horizon: int) -> tuple[float, int, str]:
    blocks = [sum(saved[at : at + horizon]) for at in range(0, len(saved), horizon)]
    beyond_luck = sum(saved) > LUCK * math.sqrt(sum(block * block for block in blocks))
    return sum(saved) / len(saved), len(saved), "accepted" if beyond_luck and len(saved) >= 10 * horizon else "rolled_back"


def _follow(episode: Row, error: bool, sample: int, ts: int) -> None:
    if episode["recovery"] is None:
        episode["errors"].append(error)
        if len(episode["errors"]) == SPAN:
            if sum(episode["errors"]) / SPAN <= episode["level"]:
                episode["recovery"] = (sample, ts)
            episode["errors"] = []


def scores_of(labels: Sequence[Row], member: int) -> dict[str, float]:
    """Prequential scores of one member over the labels it was scored on."""
    rows = [label["scores"] for label in labels if label["scores"][member] is not None]
    hits = [(_guess(row, member) == row[LABEL]) for row in rows]
    losses = [loss(row[member], row[LABEL]) for row in rows]
    base = [loss(row[BASE], row[LABEL]) for row in rows]
    return {
        "labels": len(rows),
        "accuracy": sum(hits) / len(rows),
        "log_loss": sum(losses) / len(rows),
        "brier": sum((row[member] - row[LABEL]) ** 2 for row in rows) / len(rows),
        "skill_millinats": 1_000.0 * (sum(base) - sum(losses)) / len(rows),
    }


def _guess(row: Sequence[float], member: int) -> float:
    if member == NO_CHANGE and row[LAST_KNOWN] != 0.5:
        return row[LAST_KNOWN]
    return float(row[member] >= 0.5)


def interval_of_total(values: NDArray[np.float64], seed: int, least_block: int = 1) -> tuple[float, float]:
    """95 % of the sum under a circular block bootstrap, block by block, widened as `mean_interval` describes."""
    n, mean = len(values), values.mean()
    length = max(block_length(values), least_block, -(-n // 200))

    def blocks(span: int) -> NDArray[np.float64]:
        return np.array([values.take(range(start, start + span), mode="wrap").sum() for start in range(n)])

    def variance(span: int) -> float:
        return float(np.mean((blocks(span) - span * mean) ** 2)) / span

    single, double = variance(length), variance(2 * length)
    wider = math.sqrt(max(2.0 * double / single - 1.0, 1.0)) * student_quantile(0.5 * n / length - 1.0) / 1.959963984540054
    count = -(-n // length)
    starts = np.random.default_rng(seed).integers(0, n, size=(2_000, count))
    low, high = np.quantile(blocks(length)[starts].sum(axis=1) / (count * length), [0.025, 0.975])
    return float(n * (mean + wider * (low - mean))), float(n * (mean + wider * (high - mean)))
