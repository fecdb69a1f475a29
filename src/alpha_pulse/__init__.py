"""AlphaPulse: an adaptive trading system whose models learn while it trades.

The five services that users know are importable from here, each loaded only when it is used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_SERVICES = {
    "AdaptiveModelManager": "alpha_pulse.adaptation.adaptive_model_manager",
    "MLAwareAgent": "alpha_pulse.agents.ml_aware_agent",
    "ModelServingService": "alpha_pulse.serving.model_serving_service",
    "OnlineLearningService": "alpha_pulse.learning.online_learning_service",
    "TradingFeedbackService": "alpha_pulse.feedback.trading_feedback_service",
}

__all__ = ["__version__", *sorted(_SERVICES)]


def __getattr__(name: str) -> Any:
    module = _SERVICES.get(name)
    if module is None:
        raise AttributeError(f"module 'alpha_pulse' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)
