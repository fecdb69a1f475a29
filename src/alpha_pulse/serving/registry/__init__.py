"""Versions of models with their lineage, and who of them serves. Start with `alpha_pulse.serving.registry.registry`."""

from alpha_pulse.serving.registry.artefact import Artefact
from alpha_pulse.serving.registry.lineage import Lineage, Measured
from alpha_pulse.serving.registry.registry import Registry

__all__ = ["Artefact", "Lineage", "Measured", "Registry"]
