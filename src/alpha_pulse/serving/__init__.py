"""Members become one prediction, memoised per step, with its parts and a calibrated confidence."""

from alpha_pulse.serving.model_serving_service import ModelServingService

__all__ = ["ModelServingService"]
