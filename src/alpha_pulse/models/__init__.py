"""Models by name; add one here and the contract checks run on it."""

ONLINE = {
    "adaptive_random_forest": "alpha_pulse.models.forest:AdaptiveRandomForest",
    "hoeffding_adaptive_tree": "alpha_pulse.models.tree:HoeffdingAdaptiveTree",
    "hoeffding_tree": "alpha_pulse.models.tree:HoeffdingTree",
    "logistic": "alpha_pulse.models.linear:Logistic",
    "market_default": "alpha_pulse.models.experts:MarketDefault",
    "mixture:": "alpha_pulse.models.mixture:named",
    "river:": "alpha_pulse.models.river:named",
    "sgbt": "alpha_pulse.models.boosting:SGBT",
}
"""Binary: what sessions run."""
MULTICLASS: dict[str, str] = {
    "adaptive_random_forest": "alpha_pulse.models.forest:AdaptiveRandomForestClassifier",
    "hoeffding_adaptive_tree": "alpha_pulse.models.tree:HoeffdingAdaptiveTreeClassifier",
    "hoeffding_tree": "alpha_pulse.models.tree:HoeffdingTreeClassifier",
    "sgbt": "alpha_pulse.models.boosting:SGBTClassifier",
}
REGRESSION: dict[str, str] = {
    "adaptive_random_forest": "alpha_pulse.models.regression_forest:AdaptiveRandomForestRegressor",
    "hoeffding_tree": "alpha_pulse.models.regression_tree:HoeffdingTreeRegressor",
    "sgbt": "alpha_pulse.models.boosting:SGBTRegressor",
}
BATCH = {
    "lightgbm": "alpha_pulse.models.gbm:LightGBM",
}
