"""Where each number of one (symbol, target) lies: settings, counters, pending predictions, and what a row gives.

``TABLE`` names the arrays of `alpha_pulse.kernels.base.addresses.ArrayTable`, in its order. A prediction waits in a ring of
``horizon + 1`` slots: each bar serves one at most, and takes out the one that is due.
"""

from __future__ import annotations

from alpha_pulse.kernels.mixing.ensemble import ROW

TABLE = (
    "settings", "limits", "head", "slots", "pending", "model", "control", "trial", "scratch", "scores", "against",
    "decision", "mix", "confidences", "online_calibrator", "batch_calibrator", "deciles", "moves", "batch", "clock",
    "prices", "given", "features", "codes", "values",
    "drift_sums", "drift_counters", "drift_times", "drift_totals", "drift_windows",
    "statistics", "promotion", "shadow_returns", "ready", "mixed", "members", "member_counts",
    "member_calibrators", "member_pending", "member_values",
)  # fmt: skip
(
    SETTINGS_, LIMITS_, HEAD_, SLOTS_, PENDING_, MODEL_, CONTROL_, TRIAL_, SCRATCH_, SCORES_, AGAINST_, DECISION_, MIX_,
    CONFIDENCES_, ONLINE_CALIBRATOR_, BATCH_CALIBRATOR_, DECILES_, MOVES_, BATCH_, CLOCK_, PRICES_, GIVEN_,
    FEATURES_, CODES_, VALUES_,
    DRIFT_SUMS_, DRIFT_COUNTERS_, DRIFT_TIMES_, DRIFT_TOTALS_, DRIFT_WINDOWS_,
    STATISTICS_, LADDER_, SHADOW_RETURNS_, READY_, MIXED_, MEMBERS_, MEMBER_COUNTS_, MEMBER_CALIBRATORS_,
    MEMBER_PENDING_, MEMBER_VALUES_,
) = range(len(TABLE))  # fmt: skip

# settings (int64)
(
    TARGET, HORIZON, INTERVAL_NS, TOLERANCE_NS, NEXT_OPEN_ENTRY, STRATEGY, CALIBRATION, PREDICT_AT, LEARN_AT, BATCH_READY_NS,
    WIDTH, OUTPUTS, IN_TRIAL, FURTHER,
) = range(14)  # fmt: skip
SETTINGS = 14
"""FURTHER: how many members there are beside online, batch and base rate."""
VOLATILITY, DIRECTION, OWN = 0, 1, 2
NO_LABEL = -1
"""As ``LABEL_VALUE`` of an own target, before its label is taken: a tie."""
PLATT, BETA, ISOTONIC = 0, 1, 2
NEVER = -1
"""As ``TOLERANCE_NS``: no prediction expires. As ``BATCH_READY_NS``: no batch model serves."""
PYTHON = 0
"""As ``PREDICT_AT``: the model is written in Python, and called back."""

# limits (float64)
MIN_MOVE, LOG_HALF_ALPHA, LOSS_THRESHOLD, ACCURACY_THRESHOLD = range(4)
LIMITS = 4

# head (int64): the session's counters; ages are market time from a model's newest label to its prediction
(
    LABELS_USED, TIES, QUARANTINES, LAST_LABEL_TS, AGES, AGE_S, AGE_NS, AGE_LARGEST_NS, FIRST, WAITING, SERVED_COUNT, LABELLED,
    EXPIRED_COUNT, SLOT, LOOK_AT, REST_UNTIL, DEFERRED, TRIAL_LABELS, DRIFT, MOVE,
) = range(20)  # fmt: skip
HEAD = 20

# slots (int64) and pending (float64): one row per slot of the ring; features, outputs and the control's outputs follow
STEP, SERVED_TS, DUE_BAR, HAS_CONTROL = range(4)
SLOT_COLUMNS = 4
REFERENCE, NEXT_OPEN, ROW_PLACE = 0, 1, 2
FEATURES_PLACE = ROW_PLACE + ROW

# trial (float64)
TRIAL_WEIGHT, TRIAL_SAVED, TRIAL_BLOCK, TRIAL_SQUARES, TRIAL_SAMPLES = range(5)
TRIAL = 5

# decision (int64) of the comparison with the base rate
WINNER, DECIDED_AT = 0, 1

# confidences (float64): the served probabilities of the newest labels, then
CONFIDENCE_SCORES = 500
"""Labels before a confidence is stated, and between two choices of its threshold."""
SCORED, THRESHOLD = CONFIDENCE_SCORES, CONFIDENCE_SCORES + 1
CONFIDENCES = CONFIDENCE_SCORES + 2

# moves (float64)
MOVE_TOTAL, MOVE_COUNT = 0, 1

# clock (int64) and prices (float64): what a row of bars gives
TS, SEQ, BAR_NUMBER, HAS_FEATURES, ATTENDED, TIMER = range(6)
CLOCK_COLUMNS = 6
"""ATTENDED: Python acts at this row in any case. TIMER: the timer fires with this row."""
REALISED, MEDIAN, PLAIN, OPEN, CLOSE = range(5)
PRICE_COLUMNS = 5
"""PLAIN: volatility per bar without a model."""
EVENT_PROBABILITY, LEVEL = range(2)
GIVEN_COLUMNS = 2
"""given (float64), by row, for ``volatility``: what `alpha_pulse.models.volatility` forecasts: the probability of high
volatility, and the volatility per bar for sizing; NaN without a forecast."""

# codes (int64) and values (float64): what a row gives back
STATUS, LABEL_VALUE, LABEL_STEP, COMPARED, WAS_SERVED, USED_AT_SERVING, LABEL_TS_AT_SERVING = range(7)
CODE_COLUMNS = 7
NOTHING, EXPIRED, TIE, WEIGHTLESS, SCORED_LABEL = range(5)
WEIGHT, VALUE, NEXT_OPEN_RETURN, THRESHOLD_AT_SERVING, FORECAST, ADAPTED_WAS, CONTROL_WAS, SCORED_ROW = range(8)
SERVED_ROW = SCORED_ROW + ROW
VALUE_COLUMNS = SERVED_ROW + ROW

# phases of a row, in order, and why a run stopped
JOIN, LEARN, LEARN_MEMBERS, UPDATE, ADAPT, PREDICT, PREDICT_MEMBERS, FINISH = range(8)
(
    DONE, CALL_LEARN, CALL_MEMBERS_LEARN, PERIODIC, ATTEND, CALL_PREDICT, DIVERGED, CALL_MEMBERS_PREDICT, NOT_FINITE, OVERDUE,
    BAD_RATIO,
) = range(11)  # fmt: skip
STOPS = 16
"""`alpha_pulse.kernels.session.target.run` returns ``row * STOPS + reason``."""
CHECK_EVERY = 10
"""New labels between two checks of a session by the timer: fewer hardly change its window."""
GOOD_STATE_EVERY = 1_000
"""Labels between two checks of a model's health; a healthy state is saved as the last good one."""


def pending_width(n_features: int, n_outputs: int) -> int:
    """Columns of ``pending``."""
    return FEATURES_PLACE + n_features + 2 * n_outputs
