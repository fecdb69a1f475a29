"""Models by name. The contract checks run on each of them."""

ONLINE = {
    "adagrad": "alpha_pulse.models.gradient:AdaGrad",
    "adaptive_random_forest": "alpha_pulse.models.forest:AdaptiveRandomForest",
    "arow": "alpha_pulse.models.margin:AROW",
    "coin_betting": "alpha_pulse.models.gradient:CoinBetting",
    "ftrl": "alpha_pulse.models.gradient:FTRL",
    "hoeffding_adaptive_tree": "alpha_pulse.models.tree:HoeffdingAdaptiveTree",
    "hoeffding_tree": "alpha_pulse.models.tree:HoeffdingTree",
    "logistic": "alpha_pulse.models.linear:Logistic",
    "market_default": "alpha_pulse.models.experts:MarketDefault",
    "mixture:": "alpha_pulse.models.mixture:named",
    "naive_bayes": "alpha_pulse.models.bayes:NaiveBayes",
    "passive_aggressive": "alpha_pulse.models.margin:PassiveAggressive",
    "river:": "alpha_pulse.integrations.river:named",
    "sgbt": "alpha_pulse.models.boosting:SGBT",
    "sgd": "alpha_pulse.models.gradient:SGD",
    "sklearn:": "alpha_pulse.integrations.sklearn:named",
}
"""Binary models, which sessions use."""
MULTICLASS: dict[str, str] = {
    "adagrad": "alpha_pulse.models.gradient:AdaGradClassifier",
    "adaptive_random_forest": "alpha_pulse.models.forest:AdaptiveRandomForestClassifier",
    "arow": "alpha_pulse.models.margin:AROWClassifier",
    "coin_betting": "alpha_pulse.models.gradient:CoinBettingClassifier",
    "ftrl": "alpha_pulse.models.gradient:FTRLClassifier",
    "hoeffding_adaptive_tree": "alpha_pulse.models.tree:HoeffdingAdaptiveTreeClassifier",
    "hoeffding_tree": "alpha_pulse.models.tree:HoeffdingTreeClassifier",
    "naive_bayes": "alpha_pulse.models.bayes:NaiveBayesClassifier",
    "passive_aggressive": "alpha_pulse.models.margin:PassiveAggressiveClassifier",
    "sgbt": "alpha_pulse.models.boosting:SGBTClassifier",
    "sgd": "alpha_pulse.models.gradient:SGDClassifier",
}
REGRESSION: dict[str, str] = {
    "adagrad": "alpha_pulse.models.gradient:AdaGradRegressor",
    "adaptive_random_forest": "alpha_pulse.models.regression_forest:AdaptiveRandomForestRegressor",
    "arow": "alpha_pulse.models.margin:AROWRegressor",
    "coin_betting": "alpha_pulse.models.gradient:CoinBettingRegressor",
    "ftrl": "alpha_pulse.models.gradient:FTRLRegressor",
    "hoeffding_tree": "alpha_pulse.models.regression_tree:HoeffdingTreeRegressor",
    "passive_aggressive": "alpha_pulse.models.margin:PassiveAggressiveRegressor",
    "sgbt": "alpha_pulse.models.boosting:SGBTRegressor",
    "sgd": "alpha_pulse.models.gradient:SGDRegressor",
}
BATCH = {
    "logistic": "alpha_pulse.models.batch.logistic:BatchLogistic",
    "lightgbm": "alpha_pulse.models.gbm:LightGBM",
}
