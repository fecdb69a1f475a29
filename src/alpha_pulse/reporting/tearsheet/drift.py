"""Drift alarms and adaptations of a run, from the journal's tables."""

from __future__ import annotations

import msgspec
import polars as pl

from alpha_pulse.core.types import MOVES
from alpha_pulse.reporting.tearsheet.content import RunContent


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """An adaptation: when it began (ns: the open and the end of the bar), on what, why, and what became of it.

    ``effect_millinats``: mean log loss of its control minus that of the adapted model; None while it is on trial,
    and of a change of who serves.
    """

    open_time: int | None
    began_at: int
    symbol: str
    target: str
    kind: str
    reason: str
    status: str
    effect_millinats: float | None
    effect_samples: int


class DriftSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms by what they monitor and by their newest response, and adaptations by their end."""

    alarms: int
    by_monitored: dict[str, int]
    by_response: dict[str, int]
    accepted: int
    rolled_back: int
    on_trial: int
    actions: list[Action]


def drift_summary(run: RunContent) -> DriftSummary:
    """The alarms and adaptations of a run, all sessions together."""
    alarms = run.tables["alarms"]
    newest = run.tables["alarm_responses"].unique("alarm_id", keep="last", maintain_order=True)
    actions = last_records(run.tables["adaptations"])
    counted = _counts(actions, "status")
    return DriftSummary(
        alarms=len(alarms),
        by_monitored=_counts(alarms, "monitored"),
        by_response=_counts(newest, "status"),
        accepted=counted.get("accepted", 0),
        rolled_back=counted.get("rolled_back", 0),
        on_trial=counted.get("open", 0),
        actions=[_action(row) for row in actions.iter_rows(named=True)],
    )


def last_records(adaptations: pl.DataFrame) -> pl.DataFrame:
    """The last row of each adaptation in table ``adaptations``, in the order in which they began; times in ns."""
    times = pl.col("began_open_time", "began_at").cast(pl.Int64)
    return adaptations.unique("action_id", keep="last", maintain_order=False).with_columns(times).sort("began_at", "action_id")


def _counts(rows: pl.DataFrame, column: str) -> dict[str, int]:
    counted = rows[column].value_counts(sort=False).sort("count", column, descending=[True, False])
    return dict(counted.iter_rows())


def _action(row: dict[str, object]) -> Action:
    effect = row["effect_nats"]
    return Action(
        open_time=row["began_open_time"],  # type: ignore[arg-type]
        began_at=row["began_at"],  # type: ignore[arg-type]
        symbol=str(row["symbol"]),
        target=str(row["target"]),
        kind=str(row["kind"]),
        reason=str(row["reason"]),
        status=str(row["status"]),
        effect_millinats=1_000.0 * effect if isinstance(effect, float) and row["kind"] not in MOVES else None,
        effect_samples=int(row["effect_samples"]),  # type: ignore[call-overload]
    )
