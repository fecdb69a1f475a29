"""Replay a year of hourly bars, look at what was traded, change one setting, and evaluate models.

Run it with ``python examples/first_run.py``, or with the path of your own bars, such as
``python examples/first_run.py BTCUSDT-1h.csv``.
"""

from __future__ import annotations

import sys

import polars as pl

import alpha_pulse as ap


def main(data: str) -> None:
    """Show a run of ``data``, the same without costs, and how two models predict the direction."""
    run = ap.replay(data)
    print(run)

    trades = run.trades.filter(book="combined")
    print(trades.select("opened_at", "known_at", "quantity", "net_pnl_cash").tail())

    free = ap.replay(data, config=run.config, venue={"fee_bps": 0, "half_spread_bps": 0, "slippage_bps": 0})
    for name in ("net_pnl_cash", "gross_pnl_cash", "trades"):
        print(f"{name}: {run.metrics[name]:,.0f} with costs, {free.metrics[name]:,.0f} without")

    X, y = examples(run)
    print(ap.evaluate(["logistic", "naive_bayes"], X, y, delay=3, missing="drop"))


def examples(run: ap.Run) -> tuple[pl.DataFrame, pl.Series]:
    """The features of a run, and the label of the direction that was predicted from them."""
    predicted = run.predictions.filter(target="direction").select("seq", "symbol", "prediction_id")
    scored = run.labels.filter(status="scored").select("prediction_id", "label")
    rows = run.features.join(predicted, on=["seq", "symbol"]).join(scored, on="prediction_id")
    return rows.drop("seq", "open_time", "known_at", "symbol", "prediction_id", "label"), rows["label"]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "eurusd_1h_2017")
