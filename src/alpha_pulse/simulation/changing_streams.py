"""Streams of errors whose rate changes at known events: abruptly, gradually, incrementally, recurrently."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]

BEFORE = 2_000
"""Events with a constant rate before the first change."""
AFTER = 2_000
"""Events within which a change must be found."""
LOW = 0.2
WIDTH = 1_000
"""Length of a gradual or incremental change, in events."""
PIECE = 50
"""Length of the segments of one concept during a gradual change, in events."""
PERIOD = 1_000
RETURNS = 6
BLIP = 30
"""Length of a blip, in events: so short that a model should not be adapted."""


class Changing(msgspec.Struct, frozen=True):
    """One kind of change. ``rises`` are the events at which the rate begins to rise; a blip should give no alarm."""

    name: str
    rates: Callable[[np.random.Generator], Row]
    rises: tuple[int, ...]
    blip: bool = False

    def make(self, rng: np.random.Generator) -> Row:
        """Errors, 0 or 1, float64 of shape (n,)."""
        rates = self.rates(rng)
        return (rng.random(len(rates)) < rates).astype(np.float64)


def _steady(*pieces: tuple[int, float]) -> Row:
    return np.concatenate([np.full(n, rate) for n, rate in pieces])


def _abrupt(high: float) -> Changing:
    return Changing(f"abrupt, {LOW:g} to {high:g}", lambda rng: _steady((BEFORE, LOW), (AFTER, high)), (BEFORE,))


def _gradual(rng: np.random.Generator, high: float) -> Row:
    """Segments of the old and of the new concept in random order; the fraction of the new one increases."""
    pieces = WIDTH // PIECE
    new = rng.random(pieces) < (np.arange(pieces) + 0.5) / pieces
    return _steady((BEFORE, LOW), *((PIECE, high if chosen else LOW) for chosen in new), (AFTER - WIDTH, high))


def _incremental(high: float) -> Row:
    return np.concatenate([np.full(BEFORE, LOW), np.linspace(LOW, high, WIDTH), np.full(AFTER - WIDTH, high)])


def _recurring(high: float) -> Row:
    return _steady((BEFORE, LOW), *((PERIOD, high if k % 2 == 0 else LOW) for k in range(2 * RETURNS)))


def _blip(rate: float) -> Changing:
    return Changing(
        f"blip, {BLIP} events of {rate:g}", lambda rng: _steady((BEFORE, LOW), (BLIP, rate), (AFTER, LOW)), (BEFORE,), blip=True
    )


CHANGING: tuple[Changing, ...] = (
    _abrupt(0.3),
    _abrupt(0.4),
    _abrupt(0.7),
    Changing("gradual, 0.2 to 0.4", lambda rng: _gradual(rng, 0.4), (BEFORE,)),
    Changing("incremental, 0.2 to 0.4", lambda rng: _incremental(0.4), (BEFORE,)),
    Changing("recurring, 0.2 and 0.4", lambda rng: _recurring(0.4), tuple(BEFORE + 2 * k * PERIOD for k in range(RETURNS))),
    _blip(0.8),
)
