"""Two kinds of feedback, never mixed: market labels for every served prediction, trade outcomes for the trades taken."""

from alpha_pulse.feedback.trading_feedback_service import TradingFeedbackService

__all__ = ["TradingFeedbackService"]
