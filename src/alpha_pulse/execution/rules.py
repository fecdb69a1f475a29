"""The entry rule that a book follows, and the reason when it abstains.

The rules are in `alpha_pulse.kernels.execution.entry_rules`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from alpha_pulse.core.types import Signal
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.kernels.execution.layout import (
    BUY_AND_HOLD,
    COST,
    COST_AWARE,
    FOLLOW_COMBINED,
    FOLLOW_ML,
    FOLLOW_RULES,
    GAIN,
    NO_PROBABILITY,
    WHY,
)

BASIS_POINTS = 1e4
_RULES = {
    "signal": FOLLOW_COMBINED,
    "cost_aware": COST_AWARE,
    "rules_only": FOLLOW_RULES,
    "ml_only": FOLLOW_ML,
    "buy_and_hold": BUY_AND_HOLD,
}


def rule_of(name: str) -> int:
    """The number of an entry rule, given by ``execution.entry_rule`` or by the name of a book that is named after its rule."""
    return _RULES[name]


def signal_of(rule: int, sizing: SizingInput) -> Signal | None:
    """The signal that a rule follows; None for a rule that follows none."""
    if rule == BUY_AND_HOLD:
        return None
    return sizing.rules if rule == FOLLOW_RULES else sizing.ml if rule == FOLLOW_ML else sizing.combined


def inputs_of(sizing: SizingInput) -> tuple[float, ...]:
    """The inputs of one symbol as a row, in the order of the layout; NaN if there is no signal or probability."""
    combined, rule, ml, probability = sizing.combined, sizing.rules, sizing.ml, sizing.probability
    return (
        math.nan if combined is None else combined.direction,
        math.nan if rule is None else rule.direction,
        math.nan if ml is None else ml.direction,
        sizing.volatility,
        sizing.plain_volatility,
        sizing.quality,
        math.nan if probability is None else probability,
        sizing.direction_horizon,
        sizing.bars_per_year,
        float(_predicted(combined) or _predicted(ml)),
    )


def abstention(row: Sequence[int], prices: Sequence[float]) -> str:
    """Why the cost-aware rule abstained, from the event ``ABSTENTION``."""
    return abstention_reason(row[WHY], prices[GAIN], prices[COST])


def abstention_reason(why: int, gain: float, cost: float) -> str:
    """Why the cost-aware rule abstained; ``gain`` and ``cost`` are fractions."""
    if why == NO_PROBABILITY:
        return "no probability of the direction was served"
    return f"the expected gain of {gain * BASIS_POINTS:.2f} bp does not exceed the round trip of {cost * BASIS_POINTS:.2f} bp"


def _predicted(signal: Signal | None) -> bool:
    return signal is not None and signal.prediction_id is not None
