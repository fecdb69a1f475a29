"""Notices when a model goes stale, acts, compares the action with a control that did not act, and undoes what did not help."""

from alpha_pulse.adaptation.adaptive_model_manager import AdaptiveModelManager

__all__ = ["AdaptiveModelManager"]
