"""A user's script with every public name. ``mypy --strict`` checks it, and a test runs it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

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
    assert asyncio.run(follows_its_rule()) == 1.0
    assert taught().probability(np.ones(1)) > 0.6
    with pytest.raises(ap.AlphaPulseError, match="nowhere"):
        ap.open_run("nowhere")
    assert ap.__version__.count(".") == 2
    assert gap.__doc__
    assert [each.horizon for each in (up, *OTHERS)] == [1, 5, 5, 5]


class Follow(ap.RuleAgent):
    features = ("ret_1",)

    def rule(self, held: float, ret_1: float) -> float:
        return 1.0 if ret_1 > 0.0 else held


async def follows_its_rule() -> float:
    """A signal of an agent, and the outcome of its trade."""
    bar = ap.Bar("X", 1, 1, 1.0, 1.0, 1.0, 1.0)
    features = ap.FeatureVector("X", 1, "own", np.ones(1))
    signal: ap.Signal = await Follow(("ret_1",)).analyze(ap.MarketView(bar, features))
    feedback = ap.TradingFeedbackService()
    feedback.on_entry(features, signal)
    outcome = ap.trade_outcome(
        signal, "1", quantity=1.0, open_price=1.0, close_price=2.0, net_pnl=1.0, opened_ts=1, closed_ts=2
    )  # fmt: skip
    assert await feedback.process_trade_outcome(signal, outcome)
    learning = ap.OnlineLearningService()
    session_id = await learning.start_session("X", "logistic", {"n_features": 1})
    await learning.predict(session_id, [1.0], prediction_id="p")
    assert await learning.update_model("X", ap.Example("p", 1))
    return signal.direction


class Mean(ap.PythonModel):
    def begin(self) -> None:
        self.counts = np.ones(2)

    def probability(self, x: NDArray[np.float64]) -> float:
        return float(self.counts[1] / self.counts.sum())

    def update(self, x: NDArray[np.float64], label: int, weight: float) -> None:
        self.counts[label] += weight


def taught() -> Mean:
    model = Mean(n_features=1)
    model.learn(np.ones(1), 1, 1.0, np.zeros(1))
    return model


def hours(run: ap.Run) -> pl.Series:
    return run.features["open_time"].dt.hour() >= 12


@ap.target(horizon=1)
def up(known: ap.Bars, later: ap.Bars) -> bool:
    return bool(later.close[-1] > known.close[-1])


OTHERS = [
    ap.triple_barrier(upper=1.0, lower=1.0, horizon=5),
    ap.return_over_cost(cost_bps=4.0, horizon=5),
    ap.labelled({}, horizon=5),
]


@ap.feature(warmup=2)
def gap(bars: ap.Bars) -> float:
    """The open after the close before it."""
    return float(bars.open[-1] / bars.close[-2] - 1.0)
