"""The learning passes of several symbols run on threads: results are those of one thread, bit for bit."""

from __future__ import annotations

import pytest

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.models import member_threads
from flow.runs import begun
from golden.markets import several
from golden.runs import RUNS
from journal_rows import rows

SLICES = 1_650
"""Enough for trainings, alarms, trials and changes of regime."""


@pytest.fixture(scope="module")
def market() -> ReplayFeed:
    return several().cut(SLICES)


def run(market: ReplayFeed, monkeypatch: pytest.MonkeyPatch, cores: int, block: int) -> System:
    monkeypatch.setattr(member_threads, "usable_cores", lambda: cores)
    monkeypatch.setattr(member_threads, "WORTH_THREADS", 1)
    system = begun(ReplayFeed(market.columns), RUNS["several"].settings)
    while system.advance(block):
        pass
    return system


def journal(system: System) -> list[bytes]:
    return [row.payload for row in rows(system.store, 0)]


def test_the_number_of_threads_and_the_size_of_blocks_change_no_row(
    market: ReplayFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, many = (run(market, monkeypatch, *how) for how in ((1, 1), (2, 512), (7, 97)))
    assert journal(one) == journal(two) == journal(many)
    assert one.state_sha256() == two.state_sha256() == many.state_sha256()


def test_of_several_errors_the_first_symbols_is_raised(market: ReplayFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_threads, "WORTH_THREADS", 1)
    system = begun(ReplayFeed(market.columns), RUNS["several"].settings)
    for name in ("EARLY", "LATE", "LONG"):

        def fail(*_: object, name: str = name) -> None:
            raise NonFiniteError(f"{name} has no features")

        monkeypatch.setattr(system.symbols[name], "learn", fail)
    with pytest.raises(NonFiniteError, match="EARLY has no features"):
        system.advance(64)
