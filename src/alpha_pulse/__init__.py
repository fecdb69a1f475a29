"""AlphaPulse: an adaptive trading system whose models learn while it trades.

``import alpha_pulse as ap`` offers what a notebook or a script needs. Each name is loaded when it is first used, so that the
import itself is quick. docs/reference/library.md describes them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from alpha_pulse.core.version import __version__

if TYPE_CHECKING:
    from alpha_pulse import data as data
    from alpha_pulse.adaptation.adaptive_model_manager import AdaptiveModelManager as AdaptiveModelManager
    from alpha_pulse.agents.ml_aware_agent import MLAwareAgent as MLAwareAgent
    from alpha_pulse.agents.rule_agent import RuleAgent as RuleAgent
    from alpha_pulse.core.config import Config as Config
    from alpha_pulse.core.errors import AlphaPulseError as AlphaPulseError
    from alpha_pulse.core.types import Bar as Bar
    from alpha_pulse.core.types import Example as Example
    from alpha_pulse.core.types import FeatureVector as FeatureVector
    from alpha_pulse.core.types import MarketView as MarketView
    from alpha_pulse.core.types import Signal as Signal
    from alpha_pulse.features.own import Bars as Bars
    from alpha_pulse.features.own import feature as feature
    from alpha_pulse.feedback.own_target import labelled as labelled
    from alpha_pulse.feedback.own_target import return_over_cost as return_over_cost
    from alpha_pulse.feedback.own_target import target as target
    from alpha_pulse.feedback.own_target import triple_barrier as triple_barrier
    from alpha_pulse.feedback.trade_outcome import trade_outcome as trade_outcome
    from alpha_pulse.feedback.trading_feedback_service import TradingFeedbackService as TradingFeedbackService
    from alpha_pulse.learning.online_learning_service import OnlineLearningService as OnlineLearningService
    from alpha_pulse.library.compare import ComparedRuns as ComparedRuns
    from alpha_pulse.library.compare import compare as compare
    from alpha_pulse.library.evaluating import EvaluationResult as EvaluationResult
    from alpha_pulse.library.evaluating import evaluate as evaluate
    from alpha_pulse.library.listing import open_run as open_run
    from alpha_pulse.library.listing import runs as runs
    from alpha_pulse.library.replay import replay as replay
    from alpha_pulse.library.run import Run as Run
    from alpha_pulse.models.python_model import PythonModel as PythonModel
    from alpha_pulse.serving.model_serving_service import ModelServingService as ModelServingService

_PLACES = {
    "AdaptiveModelManager": "alpha_pulse.adaptation.adaptive_model_manager",
    "AlphaPulseError": "alpha_pulse.core.errors",
    "Bar": "alpha_pulse.core.types",
    "Bars": "alpha_pulse.features.own",
    "ComparedRuns": "alpha_pulse.library.compare",
    "Config": "alpha_pulse.core.config",
    "EvaluationResult": "alpha_pulse.library.evaluating",
    "Example": "alpha_pulse.core.types",
    "FeatureVector": "alpha_pulse.core.types",
    "MLAwareAgent": "alpha_pulse.agents.ml_aware_agent",
    "MarketView": "alpha_pulse.core.types",
    "ModelServingService": "alpha_pulse.serving.model_serving_service",
    "OnlineLearningService": "alpha_pulse.learning.online_learning_service",
    "PythonModel": "alpha_pulse.models.python_model",
    "RuleAgent": "alpha_pulse.agents.rule_agent",
    "Run": "alpha_pulse.library.run",
    "Signal": "alpha_pulse.core.types",
    "TradingFeedbackService": "alpha_pulse.feedback.trading_feedback_service",
    "compare": "alpha_pulse.library.compare",
    "evaluate": "alpha_pulse.library.evaluating",
    "feature": "alpha_pulse.features.own",
    "labelled": "alpha_pulse.feedback.own_target",
    "open_run": "alpha_pulse.library.listing",
    "replay": "alpha_pulse.library.replay",
    "return_over_cost": "alpha_pulse.feedback.own_target",
    "runs": "alpha_pulse.library.listing",
    "target": "alpha_pulse.feedback.own_target",
    "trade_outcome": "alpha_pulse.feedback.trade_outcome",
    "triple_barrier": "alpha_pulse.feedback.own_target",
}
"""The module of each public name."""
_MODULES = ("data",)

__all__ = [
    "AdaptiveModelManager",
    "AlphaPulseError",
    "Bar",
    "Bars",
    "ComparedRuns",
    "Config",
    "EvaluationResult",
    "Example",
    "FeatureVector",
    "MLAwareAgent",
    "MarketView",
    "ModelServingService",
    "OnlineLearningService",
    "PythonModel",
    "RuleAgent",
    "Run",
    "Signal",
    "TradingFeedbackService",
    "__version__",
    "compare",
    "data",
    "evaluate",
    "feature",
    "labelled",
    "open_run",
    "replay",
    "return_over_cost",
    "runs",
    "target",
    "trade_outcome",
    "triple_barrier",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"alpha_pulse.{name}")
    module = _PLACES.get(name)
    if module is None:
        raise AttributeError(f"module 'alpha_pulse' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return __all__
