"""One decision of all agents on one symbol, as a packed row: each agent's numbers, and their combination.

A row (float64) has a head of ``HEAD`` numbers and then ``COLUMNS`` for each agent; NaN means no value, as in the model part of
an agent that followed its rules alone. Before `decide_row` the caller sets the output of each agent's rule (``RULE``); for an
agent that was called in Python it sets all columns except ``WEIGHT``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

COMBINED, COMBINED_RULE, EQUAL_RULES, MODEL_MEAN, CONFIDENCE = range(5)
"""Weighted direction and rule part; plain mean of the rule parts; mean of the model parts; the first confidence that is not
NaN."""
HEAD = 5
RULE, MODEL, DIRECTION, SURE, WEIGHT = range(5)
"""For one agent: rule part, model part, direction, confidence of the prediction, and weight.

These orders are those in which Python unpacks a row."""
COLUMNS = 5

PROBABILITY, PREDICTION_CONFIDENCE, THRESHOLD = range(3)
"""The inputs of an agent in addition to the features, as in `mix_model`."""
GIVEN = 3
BY_KERNEL, RULE_SHARE, MODEL_SHARE, FULL_EDGE = range(4)
"""The settings of an agent: 0 if Python sets its columns, else 1; the rest as in `mix_model`."""
SETTINGS = 4

LOTS, DECISIONS, MODEL_DECISIONS = range(3)
"""Counts, int64: closed lots that were credited, decisions, and those in which the model took part."""
COUNTS = 3


@kernel
def clipped(value: float) -> float:
    """``value`` clipped to [-1, 1]. NaN stays NaN."""
    return 1.0 if value > 1.0 else -1.0 if value < -1.0 else value


@kernel
def mix_model(
    rule: float,
    probability: float,
    confidence: float,
    threshold: float,
    rule_share: float,
    model_share: float,
    full_edge: float,
) -> tuple[float, float]:
    """The model's part and the direction: the rule, mixed with the model if its confidence reaches the threshold.

    Parameters
    ----------
    rule
        The rule's direction.
    probability, confidence, threshold
        The prediction, and the confidence from which it takes part. If one of them is NaN, it takes no part.
    rule_share, model_share
        The weights of the two parts.
    full_edge
        The edge ``2 * probability - 1`` at which the model's direction is a whole position.

    Returns
    -------
    tuple
        The model's part (NaN if it takes no part) and the direction.

    >>> mix_model(0.0, 0.525, 0.6, 0.55, 0.6, 0.4, 0.1)[1]
    0.20000000000000018
    >>> mix_model(0.5, 0.525, 0.5, 0.55, 0.6, 0.4, 0.1)
    (nan, 0.5)
    """
    if not confidence >= threshold:
        return math.nan, rule
    model = clipped((2.0 * probability - 1.0) / full_edge)
    return model, clipped(rule_share * rule + model_share * model)


@kernel
def _mix_agent(
    rows: NDArray[np.float64], at: int, first: int, given: NDArray[np.float64], settings: NDArray[np.float64], agent: int
) -> None:
    confidence = given[agent, PREDICTION_CONFIDENCE]
    model, direction = mix_model(
        rows[at, first + RULE], given[agent, PROBABILITY], confidence, given[agent, THRESHOLD],
        settings[agent, RULE_SHARE], settings[agent, MODEL_SHARE], settings[agent, FULL_EDGE],
    )  # fmt: skip
    rows[at, first + MODEL] = model
    rows[at, first + DIRECTION] = direction
    rows[at, first + SURE] = confidence


@kernel
def decide_row(
    rows: NDArray[np.float64],
    at: int,
    given: NDArray[np.float64],
    settings: NDArray[np.float64],
    weights: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> int:
    """Mix the model into each agent that is run by its kernel, combine the agents in ``rows[at]``, and count the decision.

    Parameters
    ----------
    rows
        (n, HEAD + COLUMNS * n_agents).
    at
        The row, with the agents' columns set as described in the module.
    given
        The predictions, (n_agents, GIVEN).
    settings
        (n_agents, SETTINGS).
    weights
        (n_agents,), positive, together 1.
    counts
        `COUNTS`.

    Returns
    -------
    int
        The first agent whose rule part or direction is not a number from -1 to 1 (the decision is then not counted); else -1.
    """
    n = weights.shape[0]
    direction, rule_part, rules, model_part, confidence, models = 0.0, 0.0, 0.0, 0.0, math.nan, 0
    for agent in range(n):
        first = HEAD + COLUMNS * agent
        if settings[agent, BY_KERNEL] == 1.0:
            _mix_agent(rows, at, first, given, settings, agent)
        wanted, rule, weight = rows[at, first + DIRECTION], rows[at, first + RULE], weights[agent]
        if not (-1.0 <= wanted <= 1.0 and -1.0 <= rule <= 1.0):
            return agent
        rows[at, first + WEIGHT] = weight
        direction += weight * wanted
        rule_part += weight * rule
        rules += rule
        if not math.isnan(rows[at, first + MODEL]):
            model_part += rows[at, first + MODEL]
            models += 1
        if math.isnan(confidence):
            confidence = rows[at, first + SURE]
    # Rounding may carry a weighted mean of ones just past 1; a plain mean cannot pass it.
    rows[at, COMBINED] = clipped(direction)
    rows[at, COMBINED_RULE] = clipped(rule_part)
    rows[at, EQUAL_RULES] = rules / n
    rows[at, MODEL_MEAN] = model_part / models if models else math.nan
    rows[at, CONFIDENCE] = confidence
    counts[DECISIONS] += 1
    if models:
        counts[MODEL_DECISIONS] += 1
    return -1
