"""Slow, obvious twins of the strategies: lists and dictionaries, one rule per line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from naive_learning import log_loss, mix, share

LIMITED_SCORES = 500
Said = Sequence[float | None]


@dataclass
class NaiveMember:
    weight: float
    configured: float
    limit: int = 0
    scores: int = 0
    excess: float = 0.0

    @property
    def limited(self) -> bool:
        return self.scores < self.limit


class NaiveStrategies:
    """Every member's statistics, and the weights that each strategy gives to those who are present."""

    def __init__(self, n: int, horizon: int, shared: float, window: int) -> None:
        self.members = [NaiveMember(1.0 / n, 1.0 / n) for _ in range(n)]
        self.order = list(range(n))
        self.horizon, self.shared, self.window = horizon, shared, window

    def admit(self) -> None:
        n = len(self.members)
        for member in self.members:
            member.weight *= n / (n + 1)
        self.members.append(NaiveMember(1.0 / (n + 1), 0.0, LIMITED_SCORES))

    def learn(self, said: Said, label: int) -> None:
        weights = [member.weight for member in self.members]
        mixed = log_loss(mix(weights, said), label)
        learned = share(weights, said, label, 1.0 / self.horizon, self.shared / self.horizon)
        for member, p in zip(self.members, said, strict=True):
            member.excess *= 1.0 - 1.0 / self.window
            if p is not None:
                member.excess += log_loss(p, label) - mixed
                member.scores += 1
        for member, weight in zip(self.members, self.held(learned), strict=True):
            member.weight = weight

    def held(self, weights: Sequence[float]) -> list[float]:
        even = 1.0 / len(weights)
        limited = [member.limited for member in self.members]
        taken = math.fsum(max(w - even, 0.0) for w, one in zip(weights, limited, strict=True) if one)
        others = math.fsum(w for w, one in zip(weights, limited, strict=True) if not one)
        if others == 0.0:
            return list(weights)
        return [min(w, even) if one else w + taken * w / others for w, one in zip(weights, limited, strict=True)]

    def weights(self, strategy: str, present: Sequence[bool], champion: int) -> list[float]:
        here = [k for k, one in enumerate(present) if one]
        if strategy == "ensemble":
            return self.held(self.divided({k: self.members[k].weight for k in here}))
        if strategy == "faded":
            return self.held(self.divided({k: math.exp(-self.members[k].excess / self.horizon) for k in here}))
        configured = {k: self.members[k].configured for k in here}
        if strategy == "fixed" and sum(configured.values()) > 0.0:
            return self.divided(configured)
        if strategy == "champion" and champion in here:
            return self.divided({champion: 1.0})
        if strategy == "best_recent":
            known = [k for k in here if not self.members[k].limited] or here
            return self.divided({min(known, key=lambda k: self.members[k].excess): 1.0} if known else {})
        return self.divided(dict.fromkeys([k for k in self.order if k in here][:1], 1.0))

    def divided(self, weights: dict[int, float]) -> list[float]:
        total = math.fsum(weights.values())
        return [weights[k] / total if k in weights else 0.0 for k in range(len(self.members))]
