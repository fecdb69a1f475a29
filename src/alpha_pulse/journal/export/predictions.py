"""The tables of predictions and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.types import Example
from alpha_pulse.journal.export.chunks import Chunk
from alpha_pulse.journal.export.columns import TABLES
from alpha_pulse.journal.export.market import Place, place_of
from alpha_pulse.journal.export.values import Values, frame_of, ids
from alpha_pulse.journal.labels import scored_labels
from alpha_pulse.journal.layout import TargetInfo
from alpha_pulse.journal.rows import MissingReason, from_row
from alpha_pulse.kernels.session.layout import EXPIRED, NOTHING, SCORED_LABEL, TIE, WEIGHTLESS
from alpha_pulse.learning.training import SHORT, BatchStatus, ModelReady

Ints = NDArray[np.int64]
STATUSES = {EXPIRED: "expired", TIE: "tie", WEIGHTLESS: "weightless", SCORED_LABEL: "scored"}
_SCORES = (
    *("online_probability", "batch_probability", "base_probability", "probability", "no_change_probability"),
    *("label", "last_known_label", "online_raw_probability"),
)
"""The columns of `alpha_pulse.journal.labels.ScoredLabels.scores`."""


def predictions(chunk: Chunk) -> pl.DataFrame:
    """One row per served prediction."""
    return _by_target(chunk, _predictions_of)


def labels(chunk: Chunk) -> pl.DataFrame:
    """One row per prediction that was labelled or expired."""
    return _by_target(chunk, _labels_of)


def challengers(chunk: Chunk) -> pl.DataFrame:
    """One row per prediction and challenger."""
    parts = [_challenger_of(chunk, info, name) for info in chunk.block.layout.targets for name in info.challengers]
    if not parts:
        return frame_of("challengers", {column.name: [] for column in TABLES["challengers"].columns})
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    return pl.concat([frame for _, frame in parts])[order]


def _challenger_of(chunk: Chunk, info: TargetInfo, name: str) -> tuple[Ints, pl.DataFrame]:
    rows = np.flatnonzero(chunk.column("codes", f"{info.name}.served"))
    place, given = place_of(chunk, rows), chunk.column("probabilities", f"{info.name}.{name}.probability")[rows]
    values: dict[str, Values] = {
        **place.columns(),
        "prediction_id": ids(place.symbol, info.name, place.number),
        "target": info.name,
        "challenger": name,
        "probability": given,
        "weight": chunk.column("probabilities", f"{info.name}.{name}.weight")[rows],
        "labels_used": chunk.column("codes", f"{info.name}.{name}.labels_used")[rows],
        "missing": _reasons(chunk, info, name, place, np.isnan(given)),
    }
    return rows, frame_of("challengers", values)


def _by_target(chunk: Chunk, make: Callable[[Chunk, int], tuple[Ints, pl.DataFrame]]) -> pl.DataFrame:
    """The rows of all targets in the order of bars, then of targets."""
    parts = [make(chunk, number) for number in range(len(chunk.block.layout.targets))]
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    return pl.concat([frame for _, frame in parts])[order]


def _predictions_of(chunk: Chunk, target: int) -> tuple[Ints, pl.DataFrame]:
    info = chunk.block.layout.targets[target]
    rows = np.flatnonzero(chunk.column("codes", f"{info.name}.served"))

    def column(table: str, name: str) -> NDArray[Any]:
        return chunk.column(table, f"{info.name}.{name}")[rows]

    place = place_of(chunk, rows)
    age_ns = column("codes", "label_age_ns")
    online, raw_online = column("probabilities", "online"), column("numbers", "raw_online")
    online_missing = _reasons(chunk, info, info.model, place, np.isnan(raw_online))
    values: dict[str, Values] = {
        **place.columns(),
        "prediction_id": ids(place.symbol, info.name, place.number),
        "target": info.name,
        "horizon_bars": info.horizon,
        "features_used": info.n_features,
        "probability": column("probabilities", "served"),
        "confidence": column("probabilities", "confidence"),
        "online_raw_probability": raw_online,
        "online_probability": online,
        "online_weight": _where(~np.isnan(online), column("probabilities", "weight_online")),
        "base_probability": column("probabilities", "base"),
        "base_weight": column("probabilities", "weight_base"),
        "no_change_probability": column("probabilities", "no_change"),
        "last_known_label": column("probabilities", "last_known"),
        "adapted_raw_probability": column("numbers", "adapted"),
        "control_raw_probability": column("numbers", "control"),
        "label_age_s": _where(age_ns >= 0, age_ns / SECOND_NS),
        "online_model": info.model,
        "online_labels_used": column("codes", "labels_used"),
        "online_missing": online_missing,
        "quarantined": online_missing.is_not_null(),
        **_batch(chunk, info, place, column),
    }
    return rows, frame_of("predictions", values)


def _batch(chunk: Chunk, info: TargetInfo, place: Place, column: Callable[[str, str], NDArray[Any]]) -> dict[str, Values]:
    """The columns of the batch member."""
    probability, known = column("probabilities", "batch"), place.known_at
    values: dict[str, Values] = {
        "batch_raw_probability": column("numbers", "raw_batch"),
        "batch_probability": probability,
        "batch_weight": _where(~np.isnan(probability), column("probabilities", "weight_batch")),
        "batch_age_s": np.full(len(known), np.nan),
        "batch_model": info.batch_model,
        "batch_version": None,
        "batch_missing": None,
    }
    if info.batch_model is not None:
        trained, ready = column("codes", "batch_trained_ns"), column("codes", "batch_ready_ns")
        not_trained = BatchStatus(info.batch_model, info.train_bars, None, "").missing(0)
        waits = BatchStatus(info.batch_model, info.train_bars, ModelReady("", "", "", 0, 0, 1), "").missing(0)
        assert not_trained is not None
        assert waits is not None
        reasons = _reasons(chunk, info, info.batch_model, place, trained == 0).fill_null(not_trained.reason)
        values["batch_age_s"] = _where(trained != 0, (known - trained) / SECOND_NS)
        values["batch_version"] = _versions(column("codes", "batch_version"), trained != 0)
        missing = pl.when(pl.Series(trained == 0)).then(reasons).when(pl.Series(known < ready)).then(pl.lit(waits.reason))
        values["batch_missing"] = pl.select(missing.alias("reason")).to_series()
    return values


def _versions(numbers: Ints, known: NDArray[np.bool_]) -> pl.Series:
    """The start of an artefact's SHA-256 as text; there are few artefacts."""
    distinct, places = np.unique(numbers, return_inverse=True)
    texts = pl.Series([f"{number:0{SHORT}x}" for number in distinct.tolist()], dtype=pl.String)
    return pl.select(pl.when(pl.Series(known)).then(texts.gather(places)).alias("version")).to_series()


def _reasons(chunk: Chunk, info: TargetInfo, model: str, place: Place, absent: NDArray[np.bool_]) -> pl.Series:
    """Why a member is missing, where the journal has a sentence; null elsewhere."""
    found = {
        (int(row[0]), reason.symbol): reason.reason  # type: ignore[arg-type]
        for row in chunk.rows.get("missing", ())
        if (reason := _missing(row)).target == info.name and reason.model_id == model
    }
    reasons: list[str | None] = [None] * len(absent)
    if found:
        for row in np.flatnonzero(absent).tolist():
            reasons[row] = found.get((int(place.seq[row]), place.symbol[row]))
    return pl.Series(reasons, dtype=pl.String)


def _missing(row: Any) -> MissingReason:
    reason: MissingReason = from_row("missing", row)
    return reason


def _labels_of(chunk: Chunk, target: int) -> tuple[Ints, pl.DataFrame]:
    info = chunk.block.layout.targets[target]
    status = chunk.column("codes", f"{info.name}.status")
    rows = np.flatnonzero(status != NOTHING)
    status = status[rows]

    def column(table: str, name: str) -> NDArray[Any]:
        return chunk.column(table, f"{info.name}.{name}")[rows]

    place = place_of(chunk, rows)
    with_class, labelled = (status == SCORED_LABEL) | (status == WEIGHTLESS), status != EXPIRED
    of_direction = info.name == "direction"
    weight = column("numbers", "label_weight") if of_direction else _where(labelled, np.full(len(rows), _EVEN_WEIGHT))
    scores = _scores(chunk, target)[rows]
    values: dict[str, Values] = {
        **place.columns(),
        "prediction_id": ids(place.symbol, info.name, place.number - column("codes", "label_age_slices")),
        "target": info.name,
        "status": pl.Series(status).replace_strict(STATUSES, return_dtype=pl.String),
        "label": pl.Series(_where(with_class, column("codes", "label")), nan_to_null=True),
        "value": column("numbers", "label_value"),
        "next_open_return": column("numbers", "next_open_return"),
        "weight": weight,
        **{name: scores[:, number] for number, name in enumerate(_SCORES) if name != "label"},
        "adapted_raw_probability": column("numbers", "label_adapted"),
        "control_raw_probability": column("numbers", "label_control"),
    }
    return rows, frame_of("labels", values)


_EVEN_WEIGHT = Example("", None, 0).weight


def _scores(chunk: Chunk, target: int) -> NDArray[np.float64]:
    """What each bar's label scored, in the order of the chunk; NaN where there is none."""
    scored = scored_labels(chunk.block, target)
    scores = np.full((len(chunk.order), len(_SCORES)), np.nan)
    scores[scored.rows] = scored.scores
    return scores[chunk.order]


def _where(chosen: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[np.float64]:
    """``values``, NaN where they are not chosen."""
    return np.where(chosen, values, np.nan)
