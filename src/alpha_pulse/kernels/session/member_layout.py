"""Where each number of the further members of one (symbol, target) lies: those beside online, batch and base rate.

Each has a place k, counted from 0.
"""

from __future__ import annotations

# members (int64), (members, MEMBER_COLUMNS): how each is run
PREDICTS_BY, LEARNS_BY, STATE, STATE_SIZE, OUTPUTS_AT, OUTPUTS, SCRATCH, SCRATCH_SIZE, STOPPED = range(9)
MEMBER_COLUMNS = 9
"""``PREDICTS_BY`` and ``LEARNS_BY``: the address of a kernel, or one of the values below. ``OUTPUTS_AT``: where its outputs lie
in a row of ``member_pending``. ``STOPPED``: 1 while it neither predicts nor learns."""
PYTHON, NOTHING, GIVEN = 0, -1, -2
"""``PYTHON``: called back. ``NOTHING``, for ``LEARNS_BY``: it does not learn here. ``GIVEN``, for ``PREDICTS_BY``: its
probability is in ``given``."""

# member_counts (int64), (members, COUNT_COLUMNS)
LABELS, FAILURES, RESTS_UNTIL, FAILED = range(4)
COUNT_COLUMNS = 4
"""``LABELS``: labels of its predictions since it began. ``FAILURES``: how often it gave no probability, or an error. It is left
out until the bar ``RESTS_UNTIL`` then. ``FAILED``: it gave no probability at this row."""
REST_BARS = 100
"""Bars for which a member that has failed is left out."""

# member_pending (float64), (slots, pending_width): per member, then all outputs
RAW, PROBABILITY, CALLED = range(3)
PARTS = 3
"""``RAW``: its probability before calibration, ``PROBABILITY``: the one that is mixed and scored, NaN where it is left out.
``CALLED``: 1 where it predicted, so that it can learn."""

# member_values (float64), (rows, VALUES * members): what a row gives, for each member in turn
SCORED, SERVED, SERVED_WEIGHT, USED_LABELS = range(4)
VALUES = 4
"""``SCORED``: the probability that its label scored. Of the prediction that was served: its probability, its weight, and the
labels of its earlier ones."""


def pending_width(outputs: list[int]) -> int:
    """Columns of ``member_pending`` for members with these numbers of outputs."""
    return PARTS * len(outputs) + sum(outputs)
