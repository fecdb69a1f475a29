"""What the page shows, computed again from the files of an export; nothing of the program is imported.

Each function returns what the route of its name returns, as JSON values.
"""

from .adaptation import adaptations, regimes
from .details import inspection, step
from .files import TARGETS, Files, ms, number_of
from .scores import metrics_history, reliability
from .series import bars, bars_in_buckets, equity, predictions
from .sessions import drift, loop_sessions, session, session_scores
from .success import counts, success_metrics
from .trading import fill_out, fills, positions, trades

__all__ = [
    "TARGETS",
    "Files",
    "adaptations",
    "bars",
    "bars_in_buckets",
    "counts",
    "drift",
    "equity",
    "fill_out",
    "fills",
    "inspection",
    "loop_sessions",
    "metrics_history",
    "ms",
    "number_of",
    "positions",
    "predictions",
    "regimes",
    "reliability",
    "session",
    "session_scores",
    "step",
    "success_metrics",
    "trades",
]
