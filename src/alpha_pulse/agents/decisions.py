"""What the agents decided at one step, as Signals made from a packed row."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import msgspec

from alpha_pulse.agents.base_agent import refusal
from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.types import Bar, Contribution, Signal
from alpha_pulse.kernels.agents.decision import COLUMNS, HEAD


class Decisions(msgspec.Struct, frozen=True):
    """The Signals of one step for one symbol.

    ``combined`` mixes the members by their learned weights. ``rules`` mixes their rule parts with equal weights: the decision
    without any model. ``ml`` is the mean of their model parts, or None if the model took no part.
    """

    combined: Signal
    rules: Signal
    ml: Signal | None
    members: tuple[Signal, ...]


def make_decisions(
    row: Sequence[float], names: Sequence[str], bar: Bar, called: Sequence[Signal | None], prediction_ids: Sequence[str | None]
) -> Decisions:
    """The Signals of a row of `kernels.agents.decision`.

    Parameters
    ----------
    row
        The numbers of the decision.
    names
        Of the agents.
    bar
        The bar on which the agents decided.
    called
        The Signal of each agent that was called in Python; None for an agent that was run by its kernel.
    prediction_ids
        The id of the prediction that each of these agents received; None without one.

    Raises
    ------
    AgentError
        The direction or rule part of an agent that was run by its kernel is not a number from -1 to 1.
    """
    symbol, ts, tail = bar.symbol, bar.ts_event, f"/{bar.symbol}/{bar.seq}"
    members: list[Signal] = []
    contributions: list[Contribution] = []
    used_id: str | None = None
    first = HEAD
    for name, signal, prediction_id in zip(names, called, prediction_ids, strict=True):
        rule, model, direction, sure, weight = row[first : first + COLUMNS]
        first += COLUMNS
        if signal is None:
            signal = _kernels_signal(name, tail, bar, (rule, model, direction, sure), prediction_id)
        members.append(signal)
        contributions.append(Contribution(signal.signal_id, name, signal.direction, weight))
        if used_id is None and signal.ml_part is not None:
            used_id = signal.prediction_id or None
    direction, rule_part, rules, model_mean, sure = row[:HEAD]
    confidence = None if isnan(sure) else sure
    ml_mean: float | None = None
    ml: Signal | None = None
    if not isnan(model_mean):
        ml_mean = model_mean
        ml = Signal("ml" + tail, "ml", symbol, ts, ml_mean, confidence, 0.0, ml_mean, used_id)
    combined = Signal(
        signal_id="combined" + tail,
        agent="combined",
        symbol=symbol,
        ts=ts,
        direction=direction,
        confidence=confidence,
        rule_part=rule_part,
        ml_part=ml_mean,
        prediction_id=used_id,
        contributions=tuple(contributions),
    )
    return Decisions(combined, Signal("rules" + tail, "rules", symbol, ts, rules, None, rules), ml, tuple(members))


def _kernels_signal(
    name: str, tail: str, bar: Bar, numbers: tuple[float, float, float, float], prediction_id: str | None
) -> Signal:
    """The Signal of an agent that was run by its kernel; ``numbers`` are its first columns."""
    rule, model, direction, sure = numbers
    confidence = None if isnan(sure) else sure
    try:
        if isnan(model):
            return Signal(name + tail, name, bar.symbol, bar.ts_event, direction, confidence, rule)
        return Signal(name + tail, name, bar.symbol, bar.ts_event, direction, confidence, rule, model, prediction_id)
    except NonFiniteError as error:
        raise refusal(name, error) from error
