"""Agents by name; add one here and the contract checks run on it."""

AGENTS = {
    "trend": "alpha_pulse.agents.trend:TrendFollowing",
    "reversion": "alpha_pulse.agents.reversion:MeanReversion",
}
