"""The comparison of volatility forecasts runs, its tables are complete, and its scores are those of their definitions."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from scipy.stats import norm  # type: ignore[import-untyped]  # SciPy has no types

from alpha_pulse.data import bundled
from benchmarks import volatility, volatility_rivals, volatility_scores, volatility_tracking


def test_it_runs_on_a_folder_of_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars = pl.read_parquet(bundled()["sp500_nasdaq_1d_1999_2018"])
    symbol = bars["symbol"][0]
    bars.filter(pl.col("symbol") == symbol).tail(1_400).write_parquet(tmp_path / "bars_1d_index.parquet")
    figures = tmp_path / "figures.json"
    assert volatility.main([str(tmp_path), "--quick", "--json", str(figures)]) == 0
    shown = capsys.readouterr().out
    (scores,) = msgspec.json.decode(figures.read_bytes())["scores"]
    assert set(scores["skills"]) == set(volatility.EVENTS)
    assert set(scores["qlikes"]) == set(volatility.LEVELS)
    assert 0.5 < scores["coverage"] < 1.0
    assert all(name in shown for name in (*volatility.EVENTS, "UTC, 1 bar a day, 5 days a week"))


def test_a_folder_without_bars_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert volatility.main([str(tmp_path)]) == 2
    assert "contains no file bars_*.parquet or bars_*.csv; name another folder" in capsys.readouterr().err


def test_the_crps_of_a_normal_density_is_its_closed_form() -> None:
    found = np.empty((2, 3))
    volatility_scores.density_scores(np.array([[1.0, 0.0]] * 2), np.zeros((2, 1)), np.ones((2, 1)), np.array([0.0, 1.5]), found)
    z = np.array([0.0, 1.5])
    closed = z * (2.0 * norm.cdf(z) - 1.0) + 2.0 * norm.pdf(z) - 1.0 / np.sqrt(np.pi)  # Gneiting & Raftery (2007), section 4.2
    assert found[:, 1] == pytest.approx(closed, abs=1e-3)
    assert found[0, 2] == 0.5


def test_garch_finds_the_parameters_of_a_made_series() -> None:
    rng, n = np.random.default_rng(1), 6_000
    returns, variance = np.empty(n), 1.0
    for i in range(n):
        returns[i] = np.sqrt(variance) * rng.normal()
        variance = 0.05 + 0.1 * returns[i] ** 2 + 0.85 * variance
    alpha, beta, _ = volatility_rivals.fit(returns, np.array([0.05, 0.9, 8.0]), student=False)
    assert (alpha, beta) == pytest.approx((0.1, 0.85), abs=0.04)


def test_regress_learns_a_target_when_it_is_known() -> None:
    x = np.column_stack([np.ones(200), np.linspace(0.0, 1.0, 200)])
    targets = 2.0 * x[:, 1] + 1.0
    out = np.empty(200)
    volatility_rivals.regress(x, targets, 12, out)
    assert not out[:12].any()
    assert out[12:14].any()
    assert out[-1] == pytest.approx(targets[-1], abs=0.02)


def test_a_position_sized_by_the_true_volatility_is_steadier_than_one_of_constant_size() -> None:
    rng, n, hour = np.random.default_rng(1), 4_000, 3_600_000_000_000
    level = np.exp(np.cumsum(0.05 * rng.normal(size=n)))
    ts = np.arange(n) * hour
    moves = 0.001 * level[:-1] * rng.normal(size=n - 1)
    closes = np.exp(np.concatenate([[0.0], np.cumsum(moves)]))
    sized = volatility_tracking.weekly_logs(ts, closes, level, 100, daily=False)
    constant = volatility_tracking.weekly_logs(ts, closes, np.ones(n), 100, daily=False)
    assert len(sized) == len(constant) == 23
    assert sized.std() < 0.1 < constant.std()
