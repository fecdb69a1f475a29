"""Invariant 11: on driftless random walks nothing can be earned before costs; a little peeking is seen at once.

Gross P&L is a martingale there: its increments over `STRIDE` bars, d, have mean 0 whatever went before. So
z = sum(d) / sqrt(sum(d^2)) is about standard normal. The realised quadratic variation estimates the variance without assuming
that volatility or positions are constant, and without a mean to estimate (self-normalised sums: de la Pena, Lai & Shao, 2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from alpha_pulse.agents import AGENTS
from alpha_pulse.feeds.synthetic import random_walk
from flow.runs import LEAN, CountingJournal, begun, let_peek

BARS = 1_500
STRIDE = 5
SEEDS = 100
PEEKED_SEEDS = 30
SOAK_SEEDS = 400
CRITICAL = 1.96
SIZE = 0.05
PEEKING = 0.05
SETTINGS = {**LEAN, "agents.members": ["peeking", "reversion"], "execution.stop_volatilities": 3.0}
"""Stops near enough to be hit: they must be fair too."""


def band(runs: int) -> tuple[int, int]:
    """The central 99 % of a binomial count of ``runs`` trials at 5 %.

    >>> band(100)
    (0, 11)
    """
    total, low, high = 0.0, 0, runs
    for count in range(runs + 1):
        total += math.comb(runs, count) * SIZE**count * (1.0 - SIZE) ** (runs - count)
        if total <= 0.005:
            low = count + 1
        if total >= 0.995:
            high = count
            break
    return low, high


def z_of(seed: int, peeking: float) -> float:
    """One run of its own seed: standardised gross P&L of the combined book."""
    feed = random_walk(BARS, seed)
    let_peek(feed, seed=10_000 + seed, share=peeking)
    system = begun(feed, SETTINGS)
    book = system.execution.book("combined")
    squares, before = 0.0, 0
    system.pipeline.journal = CountingJournal()  # to write what nobody reads takes time
    while system.advance(STRIDE):
        result = book.result(1.0)
        assert result.net_pnl <= result.gross_pnl
        squares += float(result.gross_pnl - before) ** 2
        before = result.gross_pnl
    assert book.result(1.0).fills > 5
    return before / math.sqrt(squares)


def beyond(seeds: Iterable[int], peeking: float) -> int:
    return sum(abs(z_of(seed, peeking)) > CRITICAL for seed in seeds)


@pytest.fixture(autouse=True)
def _an_agent_that_can_be_let_to_peek(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "peeking", "flow.runs:Peeking")


def test_the_band_is_that_of_the_binomial() -> None:
    assert band(100) == (0, 11)
    assert band(200) == (3, 19)


def test_nothing_is_earned_on_random_walks() -> None:
    low, high = band(SEEDS)
    assert low <= beyond(range(SEEDS), peeking=0.0) <= high


def test_five_percent_peeking_is_seen() -> None:
    _, high = band(PEEKED_SEEDS)
    assert beyond(range(PEEKED_SEEDS), PEEKING) > high


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_nothing_is_earned_on_many_random_walks() -> None:
    low, high = band(SOAK_SEEDS)
    assert low <= beyond(range(1_000, 1_000 + SOAK_SEEDS), peeking=0.0) <= high
