"""Detectors by name; add one here and the contract checks run on it."""

DETECTORS = {
    "adwin": "alpha_pulse.detectors.drift:Adwin",
}
