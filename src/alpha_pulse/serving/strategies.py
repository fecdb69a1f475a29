"""How members' probabilities become the served one: pure functions of probabilities and weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Strategy = Callable[[Sequence[float], Sequence[float]], tuple[float, ...]]
"""(probabilities, NaN where a member is absent; learnt weights) -> weights that serve: they sum to 1, absent ones are 0."""


def ensemble(probabilities: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """Every member that is present speaks with its learnt weight.

    >>> ensemble((0.6, math.nan, 0.5), (0.5, 0.25, 0.25))
    (0.6666666666666666, 0.0, 0.3333333333333333)
    """
    present = [0.0 if math.isnan(p) else w for p, w in zip(probabilities, weights, strict=True)]
    total = sum(present)
    return tuple(w / total for w in present)


def champion_challenger(probabilities: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """The member of the largest learnt weight among those present serves alone; the others are only scored.

    >>> champion_challenger((0.6, math.nan, 0.5), (0.3, 0.5, 0.2))
    (1.0, 0.0, 0.0)
    """
    present = [-1.0 if math.isnan(p) else w for p, w in zip(probabilities, weights, strict=True)]
    champion = present.index(max(present))
    return tuple(1.0 if i == champion else 0.0 for i in range(len(present)))


STRATEGIES: dict[str, Strategy] = {"ensemble": ensemble, "champion_challenger": champion_challenger}
