"""Detects when a model is out of date, adapts it, compares it with an unchanged control, and rolls back adaptations without
effect."""

from alpha_pulse.adaptation.adaptive_model_manager import AdaptiveModelManager

__all__ = ["AdaptiveModelManager"]
