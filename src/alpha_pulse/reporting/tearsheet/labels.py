"""The scored labels of a run as records of probabilities, from the journal's tables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.kernels.base.scores import RECORD
from alpha_pulse.metrics.members import MemberScore, TargetReliability, score_members, target_reliability
from alpha_pulse.reporting.report import first_recent
from alpha_pulse.reporting.tearsheet.content import RunContent

COLUMNS = (
    *("online_probability", "batch_probability", "base_probability", "probability", "no_change_probability"),
    *("label", "last_known_label"),
)
"""The columns of table ``labels`` in the order of `alpha_pulse.kernels.base.scores`."""


class ScoredLabels(NamedTuple):
    """Scored labels of one target in the order of the journal: ``records`` float64 (n, RECORD), ``known_at`` int64 (n,) ns,
    and the rows of table ``labels`` that they come from."""

    records: NDArray[np.float64]
    known_at: NDArray[np.int64]
    rows: pl.DataFrame


def targets_of(predictions: pl.DataFrame) -> tuple[str, ...]:
    """The program's own targets, then those of the user that have been predicted, from table ``predictions``.

    >>> targets_of(pl.DataFrame({"target": ["volatility", "wider", "wider"]}))
    ('volatility', 'direction', 'wider')
    """
    predicted = predictions["target"].unique(maintain_order=True)
    return (*TARGETS, *(target for target in predicted if target not in TARGETS))


def horizon_of(run: RunContent, target: str) -> int:
    """The bars that a target looks ahead; 1 before it has been predicted."""
    horizons = run.tables["predictions"].filter(target=target)["horizon_bars"]
    return int(horizons[0]) if len(horizons) else 1


def scored_labels(run: RunContent, target: str) -> ScoredLabels:
    """The scored labels of a target."""
    rows = run.tables["labels"].filter(target=target, status="scored")
    records = rows.select(pl.col(COLUMNS).cast(pl.Float64)).to_numpy().reshape(-1, RECORD)
    return ScoredLabels(records, rows["known_at"].cast(pl.Int64).to_numpy(), rows)


def member_scores(run: RunContent, target: str) -> dict[str, MemberScore]:
    """Of a run without a result, as `alpha_pulse.reporting.report.Report.metrics`."""
    labels = scored_labels(run, target)
    late = _late(run, labels)
    return score_members(labels.records, late, len(run.symbols), horizon_of(run, target), run.config.seed)


def reliability(run: RunContent, target: str) -> TargetReliability:
    """Of a run without a result, as `alpha_pulse.reporting.report.Report.reliability`."""
    labels = scored_labels(run, target)
    stated = run.tables["predictions"].select("prediction_id", "confidence")
    joined = labels.rows.join(stated, on="prediction_id", how="left", maintain_order="left")
    confidence = joined["confidence"].cast(pl.Float64).to_numpy()
    return target_reliability(labels.records, confidence, horizon_of(run, target))


def _late(run: RunContent, labels: ScoredLabels) -> NDArray[np.bool_]:
    """Which labels are of predictions that were served in the last 70 % of their symbol's bars."""
    bars = run.tables["bars"]
    first = {symbol: first_recent(bars.filter(symbol=symbol)["number"].to_list()) for symbol in run.symbols}
    made = labels.rows["prediction_id"].str.split("/").list.last().cast(pl.Int64).to_numpy()
    return np.asarray(made >= labels.rows["symbol"].replace_strict(first, return_dtype=pl.Int64).to_numpy())
