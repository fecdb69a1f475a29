"""Agents by name. The contract checks run on each of them."""

AGENTS = {
    "trend": "alpha_pulse.agents.trend:TrendFollowing",
    "reversion": "alpha_pulse.agents.reversion:MeanReversion",
}
