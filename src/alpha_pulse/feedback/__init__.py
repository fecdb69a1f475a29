"""Two kinds of feedback, which are never mixed: market labels for every served prediction, and outcomes for executed trades."""

from alpha_pulse.feedback.trading_feedback_service import TradingFeedbackService

__all__ = ["TradingFeedbackService"]
