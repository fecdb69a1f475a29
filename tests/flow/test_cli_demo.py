"""``alpha-pulse run --demo drift``: its speed, its label, the truth about its changes, and its second start."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from alpha_pulse.data.demos import ABOUT, PERIOD
from cli_runs import SMALL
from flow.run_process import PATIENCE_S, demo_up


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_the_demo_states_its_changes_and_goes_on_where_it_stopped(place: Path) -> None:
    with demo_up(place) as first:
        before = first.get("/api/v1/system")
        assert (before["bars_per_second"], before["feed"]["name"]) == (40.0, "drift (synthetic)")
        assert before["feed"]["synthetic"]["about"] == ABOUT
        assert {change["seq"] for change in before["feed"]["synthetic"]["changes"]} == {None}
        _, said = first.stop(signal.SIGINT)
    assert f"warning: {ABOUT}" in said
    assert "Resume with:\n  alpha-pulse run --demo drift --config small.toml" in said
    with demo_up(place, "--speed", "0") as second:
        assert second.started["store"] == first.started["store"]
        ends = time.monotonic() + PATIENCE_S
        while second.get("/api/v1/system")["feed"]["bars_done"] <= PERIOD:
            assert time.monotonic() < ends
            time.sleep(0.02)
        found = second.get("/api/v1/system")["feed"]["synthetic"]["changes"][0]
        second.stop(signal.SIGINT)
    assert (found["bar"], found["seq"], found["effect"]) == (PERIOD, PERIOD, "moves begin to reverse")
