"""Batch models beside LightGBM, which is in `alpha_pulse.models.gbm`."""
