"""From signals to orders, and from fills to books: sizing, the risk gate, lots, cash."""

from alpha_pulse.execution.execution_service import ExecutionService

__all__ = ["ExecutionService"]
