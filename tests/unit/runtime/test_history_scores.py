"""Windowed skills: right also where the oldest labels were let go of."""

from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.gateway.messages import Page
from alpha_pulse.kernels.base.scores import BASE, LABEL, RECORD, SERVED
from alpha_pulse.runtime.history import table as history_table
from alpha_pulse.runtime.history.scores import ScoreHistory
from alpha_pulse.runtime.history.table import HistoryTable

WINDOW = 50


def said(row: int) -> list[float]:
    """A label that is 1 now and then, a fair base rate, and a served probability that is right more often than not."""
    values = [np.nan] * RECORD
    label = float(row % 3 == 0)
    values[LABEL], values[BASE], values[SERVED] = label, 0.5, 0.7 if label else 0.4 if row % 7 else 0.8
    return values


def add(history: ScoreHistory, rows: range) -> None:
    seq = np.array(rows)
    history.add(seq, 1_000 * seq, np.array([said(row) for row in rows]))


def test_windows_are_never_wider_than_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_table, "BOUND", 2_000)
    monkeypatch.setattr(history_table, "SLACK", 200)
    whole, short = ScoreHistory(WINDOW), ScoreHistory(WINDOW)
    for row in range(2_100):
        add(short, range(row, row + 1))
        short.skills_at(row)
    add(short, range(2_100, 5_000))
    monkeypatch.setattr(history_table, "BOUND", 10_000)
    add(whole, range(5_000))
    bars = HistoryTable(("seq", "ts_ms", "bar_open_ms"))
    bars.extend([[4_999, 4_999_000, 4_998_000]])
    found = short.series("X", "direction", Page(0, 10_000, None), bars)
    every = whole.series("X", "direction", Page(0, 10_000, None), bars)
    assert found.columns["bar_open_ms"][-1] == 4_998_000
    first_ts = found.columns["ts_ms"][0]
    assert isinstance(first_ts, int)
    assert found.columns["bar_open_ms"][0] == first_ts - 1_000  # its bar is held no more
    held = len(found.columns["seq"])
    assert 2_000 <= held <= 2_200
    wanted = np.asarray(every.columns["skill_served"][-held:], dtype=float)
    skills = np.asarray(found.columns["skill_served"], dtype=float)
    np.testing.assert_allclose(skills[WINDOW:], wanted[WINDOW:], atol=1e-6)
    assert np.isnan(skills[0])
    assert np.nanmax(np.abs(skills[:WINDOW])) < 2_000.0


def test_windows_do_not_depend_on_when_they_are_read() -> None:
    often, once = ScoreHistory(WINDOW), ScoreHistory(WINDOW)
    for first in range(0, 300, 7):
        add(often, range(first, first + 7))
        often.skills_at(first)
    add(once, range(301))
    assert often.windowed(np.arange(301)).tobytes() == once.windowed(np.arange(301)).tobytes()
