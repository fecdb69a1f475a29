"""Verification of stored runs."""

from alpha_pulse.engine.verification.store import Check, Verification, verify

__all__ = ["Check", "Verification", "verify"]
