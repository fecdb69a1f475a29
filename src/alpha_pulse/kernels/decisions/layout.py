"""Where each number of the decision pass lies, beside those of agents and of execution.

Rows are the bars of a block, slice by slice. ``TABLE`` names the arrays of `alpha_pulse.kernels.base.addresses.ArrayTable`, in
its order; the arrays of execution are those of `alpha_pulse.kernels.execution.layout`, the arrays of agents those of
`alpha_pulse.kernels.agents.decision`.
"""

from __future__ import annotations

TABLE = (
    "positions", "lots", "lot_prices", "books", "curves", "units", "freshness", "closes", "resting", "resting_prices",
    "counts", "held", "quotes", "costs", "execution", "rules", "bars", "prices", "starts", "planned", "known", "forecasts",
    "agent_rules", "agent_places", "agent_held", "agent_settings", "agent_weights", "agent_counts", "given", "signals",
    "quality", "quality_row", "quality_outputs", "inputs", "pending", "events", "event_prices", "counter",
    "marks", "equity", "cursor",
)  # fmt: skip
(
    POSITIONS_, LOTS_, LOT_PRICES_, BOOKS_, CURVES_, UNITS_, FRESHNESS_, CLOSES_, RESTING_, RESTING_PRICES_,
    COUNTS_, HELD_, QUOTES_, COSTS_, EXECUTION_, RULES_, BARS_, PRICES_, STARTS_, PLANNED_, KNOWN_, FORECASTS_,
    AGENT_RULES_, AGENT_PLACES_, AGENT_HELD_, AGENT_SETTINGS_, AGENT_WEIGHTS_, AGENT_COUNTS_, GIVEN_, SIGNALS_,
    QUALITY_, QUALITY_ROW_, QUALITY_OUTPUTS_, INPUTS_, PENDING_, EVENTS_, EVENT_PRICES_, COUNTER_,
    MARKS_, EQUITY_, CURSOR_,
) = range(len(TABLE))  # fmt: skip

# cursor (int64): where the pass is
SLICE, PHASE, ROW, AGENTS_DONE, OPENED = range(5)
CURSOR = 5
"""``OPENED``: symbols that have had a bar. ``AGENTS_DONE``: the agents of ``ROW`` have decided."""

# known (int64): of each row, whether it has features, where the first of them lies in memory, and the number of its prediction
HAS_FEATURES, FEATURES_AT, PREDICTION = range(3)
KNOWN = 3

# forecasts (float64): of each row; NaN where there is none
VOLATILITY, PLAIN_VOLATILITY, PROBABILITY, CONFIDENCE, THRESHOLD, BARS_PER_YEAR = range(6)
FORECASTS = 6

# agent_rules (int64): of each agent
RULE_AT, N_PLACES, LEARNED_THRESHOLD = range(3)
AGENT_RULES = 3
"""``LEARNED_THRESHOLD``: 1 where the confidence from which the model takes part is that of the prediction."""

# quality (int64): of each symbol
QUALITY_STATE_AT, QUALITY_STATE, QUALITY_PREDICT_AT, RECORD_AT = range(4)
QUALITY = 4
"""The state of the model, its kernel, and the symbol's record, see `alpha_pulse.kernels.agents.trade_quality`."""

# marks (int64): of each slice, how many events there were when it began, when it had traded and when it had decided
BEGAN, TRADED, DECIDED = range(3)
MARKS = 3

# phases of a slice, in order
OPEN, TRADE, DECIDE, RELEASE = range(4)

# why a run stopped
DONE, NEW_SYMBOL, LOTS_FULL, EVENTS_FULL, RESTING_FULL, OUTCOMES, CALL_AGENTS, BAD_AGENT, NOT_FINITE, NO_VOLATILITY, ENTERED = (
    range(11)
)
"""OUTCOMES: lots of the primary book were closed, or the slice is planned. ENTERED: the primary book has new orders."""
PRIMARY = 0
"""The number of the book whose outcomes are learned."""
