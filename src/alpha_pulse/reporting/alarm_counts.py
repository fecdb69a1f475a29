"""The numbers of alarms that were acted on, deferred and skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from alpha_pulse.core.types import AlarmResponse

STATUSES = ("acted", "deferred", "skipped")
NAMES = tuple(f"alarms_{status}" for status in STATUSES)


def alarm_counts(responses: Iterable[AlarmResponse]) -> dict[str, int]:
    """Counts by status of the newest response to each alarm. Their sum is the number of alarms.

    >>> alarm_counts([AlarmResponse("X/direction/alarm/1", "X", "direction", 9, "skipped", "adaptation.enabled is false")])
    {'alarms_acted': 0, 'alarms_deferred': 0, 'alarms_skipped': 1}
    """
    counts: Counter[str] = Counter(response.status for response in responses)
    return {name: counts[status] for name, status in zip(NAMES, STATUSES, strict=True)}
