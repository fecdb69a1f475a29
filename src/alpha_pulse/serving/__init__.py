"""Combines models into one prediction per step, with its members and a calibrated confidence."""

from alpha_pulse.serving.model_serving_service import ModelServingService

__all__ = ["ModelServingService"]
