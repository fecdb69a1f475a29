"""The scores of one session, as shown to users."""

from __future__ import annotations

import msgspec

from alpha_pulse.learning.session import Session
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.metrics.comparison import Comparison


class SessionMetrics(msgspec.Struct, frozen=True):
    """The scores of a session, over the whole run and in the sliding window, for each member and the baselines.

    ``against_base`` compares the served prediction (first) with the base rate (second), at alpha = 5 % at all times at once;
    None for trades, whose labels have no fixed order.
    """

    session_id: str
    model_type: str
    labels_used: int
    pending: int
    ties: int
    quarantines: int
    age_mean_ns: float | None
    age_max_ns: int | None
    whole_run: dict[str, metrics.MemberMetrics]
    window: dict[str, metrics.MemberMetrics]
    against_base: Comparison | None


def session_metrics(session: Session) -> SessionMetrics:
    """The scores of a session so far."""
    mean, largest = session.age_ns
    compared = None if session.against_base is None else session.against_base.result
    return SessionMetrics(
        session.session_id, session.spec.model_type, session.labels_used, len(session.pending), session.ties,
        session.quarantines, mean, largest, metrics.whole_run(session.scores), metrics.window(session.scores), compared,
    )  # fmt: skip
