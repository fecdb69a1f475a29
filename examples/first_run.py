"""Replay a year of hourly bars, look at what was traded, change one setting, and evaluate models.

Run it with ``python examples/first_run.py``, or with the path of your own bars, such as
``python examples/first_run.py BTCUSDT-1h.csv``. If their times have no zone, add its name:
``python examples/first_run.py prices.csv UTC``.
"""

from __future__ import annotations

import sys

import polars as pl

import alpha_pulse as ap


def main(data: str = "eurusd_1h_2017", zone: str | None = None) -> None:
    """Show a run of ``data``, the same without costs, and how two models predict the direction.

    ``zone`` is that of times without one, as it may be named on the command line.
    """
    run = ap.replay(data, tz=zone)
    print(run)

    trades = run.trades.filter(book="combined")
    print(trades.select("opened_at", "known_at", "quantity", "net_pnl_cash").tail())

    free = ap.replay(data, tz=zone, config=run.config, venue={"fee_bps": 0, "half_spread_bps": 0, "slippage_bps": 0})
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
    try:
        main(*sys.argv[1:3])
    except ap.AlphaPulseError as error:  # such as a file that cannot be read; the message says what to do
        sys.exit(f"{sys.argv[0]}: {error}")
