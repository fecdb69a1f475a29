"""The age of the members of served predictions, weighted as in the prediction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.types import MemberPrediction


class Freshness:
    """Collects the ages of the members of served predictions, in nanoseconds of market time.

    The age of a prediction is the mean age of its members, weighted as in the served prediction. A prediction whose members
    have no label has no age, and is not counted.

    >>> freshness = Freshness()
    >>> freshness.add([MemberPrediction("m", "7", "online", 0.6, 0.75, 0), MemberPrediction("b", "1", "batch", 0.5, 0.25, 8)])
    >>> freshness.predictions, freshness.total, freshness.longest
    (1, 2.0, 2.0)
    """

    def __init__(self) -> None:
        self.predictions = 0
        self.total = 0.0
        self.longest = 0.0

    def add(self, members: Sequence[MemberPrediction]) -> None:
        """Add one prediction."""
        weights = age = 0.0
        for member in members:
            if member.age_ns is not None:
                weights += member.weight
                age += member.weight * member.age_ns
        if weights > 0.0:
            age /= weights
            self.predictions += 1
            self.total += age
            self.longest = max(self.longest, age)


def mean_and_longest_s(parts: Iterable[Freshness]) -> tuple[float | None, float | None]:
    """Mean and largest age of predictions in seconds, over several sessions; None when no prediction has an age.

    >>> mean_and_longest_s([Freshness()])
    (None, None)
    """
    with_predictions = [part for part in parts if part.predictions]
    if not with_predictions:
        return None, None
    mean_ns = sum(part.total for part in with_predictions) / sum(part.predictions for part in with_predictions)
    return mean_ns / SECOND_NS, max(part.longest for part in with_predictions) / SECOND_NS
