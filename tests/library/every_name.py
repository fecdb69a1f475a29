"""A user's script with every public name. ``mypy --strict`` checks it, and a test runs it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import alpha_pulse as ap


def main(folder: Path) -> None:
    data: ap.data.MarketData = ap.data.read(ap.data.bundled("eurusd_1h_2017"), tz="UTC", symbol="EURUSD")
    names: dict[str, Path] = ap.data.bundled()
    first, fee = names["eurusd_1h_2017"], ap.Config().venue.fee_bps
    run: ap.Run = ap.replay(first, store=folder / "run.db", progress=False, batch={"enabled": False}, venue={"fee_bps": fee})
    same: ap.Run = ap.replay(data, config=run.config, store=folder / "run.db", progress=False)
    opened: ap.Run = ap.open_run(folder / "run.db")
    config: ap.Config = opened.config
    number: int | float | None = run.metrics["net_pnl_cash"]
    frames: list[pl.DataFrame] = [run.trades, run.fills, run.equity, run.labels, run.adaptations, run.models, ap.runs()]
    tables: dict[str, pl.DataFrame] = run.tables("orders", "bars")
    result: ap.EvaluationResult = ap.evaluate(["logistic", "sgd"], run.features.select("hour_sin_1", "hour_cos_1"), hours(run))
    scores: pl.DataFrame = result.scores
    other: ap.Run = ap.replay(first, store="memory://", progress=False, batch={"enabled": False}, venue={"fee_bps": 9})
    compared: ap.ComparedRuns = ap.compare(run, other)
    assert compared.settings["setting"].to_list() == ["venue.fee_bps"]
    assert (same.id, same.state, config.venue.fee_bps) == (run.id, "finished", fee)
    assert number is not None
    assert len(frames) == 7
    assert len(tables["bars"]) == run.metrics["bars"]
    assert len(scores) > 2
    services: list[type] = [
        ap.OnlineLearningService,
        ap.ModelServingService,
        ap.TradingFeedbackService,
        ap.AdaptiveModelManager,
        ap.MLAwareAgent,
    ]
    assert all(service.__doc__ for service in services)
    with pytest.raises(ap.AlphaPulseError, match="nowhere"):
        ap.open_run("nowhere")
    assert ap.__version__.count(".") == 2
    assert gap.__doc__


def hours(run: ap.Run) -> pl.Series:
    return run.features["open_time"].dt.hour() >= 12


@ap.feature(warmup=2)
def gap(bars: ap.Bars) -> float:
    """The open after the close before it."""
    return float(bars.open[-1] / bars.close[-2] - 1.0)
