"""Stationary streams, independent and dependent: every alarm in them is a false alarm."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.detectors.base import Domain
from alpha_pulse.detectors.calibrated import Dependence

Row = NDArray[np.float64]
Make = Callable[[int, np.random.Generator], Row]

PERSISTENCE = 0.98
"""Autocorrelation of a slow forecast, whose errors over overlapping horizons are strongly dependent."""
CENTRE, SPREAD = 0.5, 0.15
"""Mean and standard deviation of a bounded stream before it is clipped to 0 and 1."""
TAIL = 10.0


class Stationary(msgspec.Struct, frozen=True):
    """One stream: its domain, the dependence of its values (over ``horizon`` steps), and a generator of ``n`` values."""

    name: str
    domain: Domain
    dependence: Dependence
    make: Make
    horizon: int = 1


def _bernoulli(rate: float) -> Make:
    return lambda n, rng: (rng.random(n) < rate).astype(np.float64)


def _bounded(values: Row) -> Row:
    return np.clip(CENTRE + SPREAD * values, 0.0, 1.0)


def autoregressive(n: int, phi: float, rng: np.random.Generator) -> Row:
    """A Gaussian AR(1) path (n,) of variance 1 that starts in its stationary distribution.

    >>> path = autoregressive(50_000, 0.9, np.random.default_rng(1))
    >>> bool(abs(np.corrcoef(path[1:], path[:-1])[0, 1] - 0.9) < 0.01)
    True
    """
    noise = rng.standard_normal(n) * np.sqrt(1.0 - phi * phi)
    noise[0] /= np.sqrt(1.0 - phi * phi)
    # The recursion as sums over segments: powers of phi over a whole path would underflow.
    path, last, piece = np.empty(n), 0.0, 256
    powers = phi ** np.arange(piece + 1)
    lower = np.tril(phi ** np.abs(np.subtract.outer(np.arange(piece), np.arange(piece))))
    for start in range(0, n, piece):
        part = noise[start : start + piece]
        path[start : start + piece] = lower[: len(part), : len(part)] @ part + powers[1 : len(part) + 1] * last
        last = path[start + len(part) - 1]
    return path


def _overlapping(horizon: int, *, squared: bool, constant: bool) -> Make:
    """Errors of forecasts of the sign of the sum of the next ``horizon`` returns, whose volatility varies."""

    def make(n: int, rng: np.random.Generator) -> Row:
        total = n + horizon
        returns = rng.standard_normal(total) * np.exp(0.5 * autoregressive(total, PERSISTENCE, rng))
        path = np.concatenate([[0.0], np.cumsum(returns)])
        up = (path[horizon : horizon + n] > path[:n]).astype(np.float64)
        forecast = np.ones(n) if constant else autoregressive(n, PERSISTENCE, rng)
        if squared:
            return np.asarray((0.5 + 0.4 * np.tanh(forecast) - up) ** 2)
        return np.asarray((forecast > 0.0) != (up == 1.0), dtype=np.float64)

    return make


def _independent() -> list[Stationary]:
    streams = [Stationary(f"errors, rate {rate:g}", "binary", "independent", _bernoulli(rate)) for rate in (0.1, 0.3, 0.5)]
    streams += [
        Stationary("bounded Gaussian", "bounded", "independent", lambda n, rng: _bounded(rng.standard_normal(n))),
        Stationary(
            "bounded heavy tail", "bounded", "independent", lambda n, rng: np.minimum(np.abs(rng.standard_t(3, n)) / TAIL, 1.0)
        ),
        Stationary("Gaussian", "real", "independent", lambda n, rng: rng.standard_normal(n)),
        Stationary("heavy tail (t3)", "real", "independent", lambda n, rng: rng.standard_t(3, n)),
    ]
    return streams


def _autoregressive(phi: float) -> list[Stationary]:
    return [
        Stationary(
            f"errors, AR {phi:g}", "binary", "autoregressive",
            lambda n, rng: (autoregressive(n, phi, rng) > 0.5).astype(np.float64),
        ),
        Stationary(f"bounded AR {phi:g}", "bounded", "autoregressive", lambda n, rng: _bounded(autoregressive(n, phi, rng))),
        Stationary(f"AR {phi:g}", "real", "autoregressive", lambda n, rng: autoregressive(n, phi, rng)),
    ]  # fmt: skip


def _horizon(horizon: int) -> list[Stationary]:
    def one(name: str, domain: Domain, *, squared: bool, constant: bool) -> Stationary:
        make = _overlapping(horizon, squared=squared, constant=constant)
        return Stationary(f"{name}, horizon {horizon}", domain, "horizon", make, horizon)

    return [
        one("errors of one forecast", "binary", squared=False, constant=True),
        one("errors of slow forecasts", "binary", squared=False, constant=False),
        one("squared errors of slow forecasts", "bounded", squared=True, constant=False),
    ]


STATIONARY: tuple[Stationary, ...] = (
    *_independent(),
    *_autoregressive(0.5),
    *_autoregressive(0.9),
    *_horizon(6),
    *_horizon(24),
)
_TAKES: dict[Domain, tuple[Domain, ...]] = {
    "binary": ("binary",),
    "bounded": ("binary", "bounded"),
    "real": ("binary", "bounded", "real"),
}


def accepted(domain: Domain, dependence: Dependence | None = None) -> list[Stationary]:
    """The streams that a detector of this ``domain`` accepts."""
    return [stream for stream in STATIONARY if stream.domain in _TAKES[domain] and dependence in (None, stream.dependence)]
