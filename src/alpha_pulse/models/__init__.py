"""Models by name; add one here and the contract checks run on it."""

ONLINE = {
    "logistic": "alpha_pulse.models.linear:Logistic",
    "market_default": "alpha_pulse.models.experts:MarketDefault",
}
BATCH = {
    "lightgbm": "alpha_pulse.models.gbm:LightGBM",
}
