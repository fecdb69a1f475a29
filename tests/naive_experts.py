"""AdaHedge written down as in the paper's listing: all losses kept, weights anew each round."""

from __future__ import annotations

import math
from collections.abc import Sequence

from naive_learning import log_loss, mix


class NaiveAdaHedge:
    def __init__(self, n: int, exponent: float) -> None:
        self.losses: list[list[float]] = [[] for _ in range(n)]
        self.gap = 0.0
        self.exponent = exponent

    @property
    def rate(self) -> float:
        return math.log(len(self.losses)) / max(self.gap, 1e-9)

    @property
    def weights(self) -> list[float]:
        totals = [math.fsum(losses) for losses in self.losses]
        said = [math.exp(-self.rate * (total - min(totals))) for total in totals]
        return [value / math.fsum(said) for value in said]

    def learn(self, said: Sequence[float | None], label: int) -> None:
        weights, rate, mixed = self.weights, self.rate, mix(self.weights, said)
        losses = [self.exponent * log_loss(mixed if p is None else p, label) for p in said]
        mean = math.fsum(w * loss for w, loss in zip(weights, losses, strict=True))
        least = min(loss for w, loss in zip(weights, losses, strict=True) if w > 0.0)
        soft = math.fsum(w * math.exp(-rate * (loss - least)) for w, loss in zip(weights, losses, strict=True))
        self.gap += max(mean - (least - math.log(soft) / rate), 0.0)
        for kept, loss in zip(self.losses, losses, strict=True):
            kept.append(loss)
