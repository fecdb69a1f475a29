"""Models by name; add one here and the contract checks run on it."""

ONLINE = {
    "adaptive_random_forest": "alpha_pulse.models.forest:AdaptiveRandomForest",
    "hoeffding_adaptive_tree": "alpha_pulse.models.tree:HoeffdingAdaptiveTree",
    "hoeffding_tree": "alpha_pulse.models.tree:HoeffdingTree",
    "logistic": "alpha_pulse.models.linear:Logistic",
    "market_default": "alpha_pulse.models.experts:MarketDefault",
}
"""Binary: what sessions run."""
MULTICLASS: dict[str, str] = {
    "adaptive_random_forest": "alpha_pulse.models.forest:AdaptiveRandomForestClassifier",
    "hoeffding_adaptive_tree": "alpha_pulse.models.tree:HoeffdingAdaptiveTreeClassifier",
    "hoeffding_tree": "alpha_pulse.models.tree:HoeffdingTreeClassifier",
}
REGRESSION: dict[str, str] = {}
BATCH = {
    "lightgbm": "alpha_pulse.models.gbm:LightGBM",
}
