"""Running means over packed state: the weight of the newest value, and safe ratios of such means."""

from __future__ import annotations

import math

from alpha_pulse.kernels.base.jit import kernel


@kernel
def ema_weight(count: float, span: float) -> float:
    """Weight of the newest of ``count`` values in an exponential mean of ``span`` (both in values, ``count`` >= 1).

    A plain mean until the span is full, then 2 / (span + 1), so that the first value has no extra weight.

    >>> [ema_weight(n, 3.0) for n in (1.0, 2.0, 4.0)]
    [1.0, 0.5, 0.5]
    """
    return 1.0 / count if count <= span else 2.0 / (span + 1.0)


@kernel
def wilder_weight(count: float, span: float) -> float:
    """Weight of the newest value in Wilder's smoothing: a plain mean until the span is full, then 1 / span.

    Source: Wilder (1978), New Concepts in Technical Trading Systems.

    >>> [wilder_weight(n, 4.0) for n in (2.0, 4.0, 9.0)]
    [0.5, 0.25, 0.25]
    """
    return 1.0 / count if count <= span else 1.0 / span


@kernel
def quotient(above: float, below: float) -> float:
    """``above / below``; 0 where ``below`` is not positive, which is a scale that is not known yet.

    >>> quotient(1.0, 4.0), quotient(1.0, 0.0)
    (0.25, 0.0)
    """
    return above / below if below > 0.0 else 0.0


@kernel
def log_ratio(above: float, below: float, floor: float) -> float:
    """log(above / below) with a ratio of at least ``floor`` (> 0); 0 where ``below`` is not positive.

    >>> log_ratio(2.0, 2.0, 0.01), log_ratio(1.0, 0.0, 0.01), round(log_ratio(0.0, 5.0, 0.01), 3)
    (0.0, 0.0, -4.605)
    """
    if not below > 0.0:
        return 0.0
    return math.log(max(above / below, floor))
