"""Agents by name. The contract checks run on each of them."""

AGENTS = {
    "trend": "alpha_pulse.agents.trend:TrendFollowing",
    "reversion": "alpha_pulse.agents.reversion:MeanReversion",
}
PREDICTORS = {
    "serving": "alpha_pulse.serving.model_serving_service:ModelServingService",
}
"""What an `alpha_pulse.agents.ml_aware_agent.MLAwareAgent` asks when it is given no predictor. Agents are below serving, so it
is loaded by its name, like a plug-in."""
