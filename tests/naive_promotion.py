"""Slow, obvious twin of the champion and its challengers: every difference kept, every p-value anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import naive_comparison


@dataclass
class NaiveComparison:
    """``place``: how many had started when it did; ``left_out``: labels that are still to be left out."""

    place: int
    left_out: int
    differences: list[float] = field(default_factory=list)

    def p_value(self, horizon: int) -> float:
        return naive_comparison.p_value(self.differences, horizon)


@dataclass
class NaiveLadder:
    members: int
    horizon: int
    champion: int
    alpha: float
    minimum: int
    canary_labels: int
    canary_serves: Callable[[int], bool]
    former: int | None = None
    canary: int | None = None
    served: int = 0
    started: int = 0
    comparisons: dict[int, NaiveComparison] = field(default_factory=dict)
    """Of those who challenge, the canary (which is challenged by the champion) included."""
    retired: set[int] = field(default_factory=set)

    def challenge(self, k: int) -> None:
        self.started += 1
        self.retired.discard(k)
        self.comparisons[k] = NaiveComparison(self.started, self.horizon)

    def retire(self, k: int) -> None:
        self.comparisons.pop(k, None)
        self.retired.add(k)
        self.former = None if self.former == k else self.former
        self.canary = None if self.canary == k else self.canary

    def take_over(self, k: int, former: int | None, reversed_one: NaiveComparison | None = None) -> None:
        """Make ``k`` the champion; ``reversed_one`` is the comparison of the former champion, if it goes on."""
        others = sorted(set(self.comparisons) - {k, former})
        self.champion, self.former, self.canary, self.comparisons = k, former, None, {}
        self.retired.discard(k)
        if former is not None and reversed_one is not None:
            self.comparisons[former] = reversed_one
        elif former is not None:
            self.challenge(former)
        for other in others:
            self.challenge(other)

    def promote(self, k: int) -> None:
        if k != self.champion:
            self.take_over(k, self.champion)

    def roll_back(self) -> None:
        if self.former is not None:
            demoted = self.champion
            self.take_over(self.former, None)
            self.retired.add(demoted)

    def decides(self, k: int) -> bool:
        comparison = self.comparisons[k]
        return comparison.p_value(self.horizon) <= self.alpha * 6.0 / (math.pi * comparison.place) ** 2

    def learn(self, said: Sequence[float | None], label: int, step: int) -> str:
        best = said[self.champion]
        if best is None:
            return "nothing"
        for k, comparison in self.comparisons.items():
            p = said[k]
            if p is None:
                continue
            if comparison.left_out:
                comparison.left_out -= 1
                continue
            better = (best - label) ** 2 - (p - label) ** 2
            comparison.differences.append(-better if k == self.canary else better)
            self.served += k == self.canary and self.canary_serves(step)
        return self.decide()

    def decide(self) -> str:
        if self.former is not None and self.decides(self.former):
            self.roll_back()
            return "rolled back"
        if self.canary is not None:
            return self.judge_canary(self.canary)
        ready = [k for k in sorted(self.comparisons) if k != self.former and self.decides(k)]
        ready = [k for k in ready if len(self.comparisons[k].differences) >= self.minimum]
        if not ready:
            return "nothing"
        k = min(ready, key=lambda k: self.comparisons[k].p_value(self.horizon) * self.comparisons[k].place ** 2)
        self.challenge(k)
        self.canary, self.served = k, 0
        return "canary started"

    def judge_canary(self, k: int) -> str:
        if self.decides(k):
            self.retire(k)
            return "canary stopped"
        if self.served < self.canary_labels:
            return "nothing"
        self.take_over(k, self.champion, self.comparisons[k])
        return "promoted"
