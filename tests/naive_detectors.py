"""Slow, obvious twins of the change detectors: everything is computed anew from all values since the last drift."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Twin = Callable[[Sequence[float]], bool]


def drifts_of(twin: Twin, values: Sequence[float]) -> list[int]:
    """Where a test that is shown all values since its last drift finds one."""
    found, since = [], 0
    for end in range(1, len(values) + 1):
        if twin(values[since:end]):
            found.append(end - 1)
            since = end
    return found


def page_hinkley(threshold: float, delta: float, alpha: float, standardised: bool, min_instances: int = 30) -> Twin:
    def twin(values: Sequence[float]) -> bool:
        up = down = 0.0
        ups, downs = [], []
        for n in range(1, len(values) + 1):
            mean = sum(values[:n]) / n
            deviation = values[n - 1] - mean
            if standardised:
                spread = math.sqrt(sum((value - mean) ** 2 for value in values[:n]) / n)
                deviation = 0.0 if n < min_instances or spread < 1e-12 else max(-3.0, min(3.0, deviation / spread))
            up = alpha * up + deviation - delta
            down = alpha * down + deviation + delta
            ups.append(up)
            downs.append(down)
        return len(values) >= min_instances and (up - min(ups) > threshold or max(downs) - down > threshold)

    return twin


def ddm(threshold: float, warm_start: int = 30) -> Twin:
    def twin(errors: Sequence[float]) -> bool:
        best = None
        for n in range(warm_start + 1, len(errors) + 1):
            p = sum(errors[:n]) / n
            s = math.sqrt(p * (1.0 - p) / n)
            if best is None or p + s <= best[0] + best[1] + 1e-15:
                best = (p, s)
        return best is not None and p + s > best[0] + threshold * best[1] + 1e-12

    return twin


def eddm(threshold: float, warm_start: int = 30) -> Twin:
    def twin(errors: Sequence[float]) -> bool:
        if errors[-1] == 0.0:
            return False
        places = [n for n, error in enumerate(errors, start=1) if error]
        distances = [b - a for a, b in zip([0, *places], places, strict=False)]
        longest, length = -1.0, 0.0
        for k in range(1, len(places) + 1):
            if places[k - 1] <= warm_start:
                continue
            mean = sum(distances[:k]) / k
            variance = sum((d - mean) ** 2 for d in distances[:k]) / (k - 1) if k > 1 else 0.0
            length = mean + 2.0 * math.sqrt(variance)
            if length > longest:
                longest, newest = length, k
        return len(places) > warm_start and newest != len(places) and length / longest < threshold

    return twin


def fhddm(delta: float, window: int) -> Twin:
    bound = math.sqrt(math.log(1.0 / delta) / (2.0 * window))

    def twin(values: Sequence[float]) -> bool:
        if len(values) < window:
            return False
        means = [sum(values[end - window : end]) / window for end in range(window, len(values) + 1)]
        return means[-1] - min(means) > bound

    return twin


def kswin(alpha: float, window: int, newest: int) -> Twin:
    """Shown the newest ``newest`` values before a drift again after it."""

    def twin(values: Sequence[float]) -> bool:
        if len(values) < window:
            return False
        shown = values[-window:]
        older, newer = shown[:-newest], shown[-newest:]
        distance = max(abs(sum(v <= x for v in newer) / len(newer) - sum(v <= x for v in older) / len(older)) for x in shown)
        critical = math.sqrt(-math.log(alpha / 2.0) / 2.0) * math.sqrt(1.0 / len(newer) + 1.0 / len(older))
        return distance > critical

    return twin


def kswin_drifts(alpha: float, window: int, newest: int, values: Sequence[float]) -> list[int]:
    twin, found, since = kswin(alpha, window, newest), [], 0
    for end in range(1, len(values) + 1):
        if twin(values[since:end]):
            found.append(end - 1)
            since = end - newest
    return found
