"""Messages of the gateway about the run and its learning sessions. Fields are named as in JSON; import them from `gateway`.

Times are integer milliseconds since the Unix epoch (UTC). Each time at which something became known, the end of a bar, has a
field beside it with the open of that bar, which is the time that is shown (``ts_ms`` and ``bar_open_ms``, ``closed_ms`` and
``closed_bar_open_ms``). Money is in units of cash, skill in millinats over the running base rate. ``seq`` is the number of a
step of the journal, from 0. Missing values are None; no value is NaN.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from alpha_pulse.core.types import Monitored
from alpha_pulse.metrics.streaming import MemberMetrics
from alpha_pulse.reporting.success_types import SuccessMetrics

State = Literal["warming", "running", "paused", "waiting", "finished", "failed"]
Value = int | float | str | None


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a series: ``limit`` rows from ``from_seq`` on, or all of them, downsampled to ``max_points``."""

    from_seq: int = 0
    limit: int = 1000
    max_points: int | None = None


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    """Columns of equal length. ``next_seq`` is the start of the next page, None at the end; ``total`` counts the stored rows.

    ``oldest_seq`` is the first stored row; it is set when older rows were dropped.
    """

    symbol: str | None
    from_seq: int
    to_seq: int | None
    next_seq: int | None
    total: int
    columns: dict[str, list[Value]]
    target: str | None = None
    window: int | None = None
    oldest_seq: int | None = None


class Control(msgspec.Struct, frozen=True):
    """The state of the run; ``bars_per_second`` is the target speed, 0 for as fast as possible."""

    state: State
    bars_per_second: float
    seq: int


class Compiling(msgspec.Struct, frozen=True):
    """The kernels compiled so far, and about how many there are."""

    compiled: int
    kernels: int


class PlantedChange(msgspec.Struct, frozen=True):
    """A change of a synthetic market: ``bar`` is the number of its first bar, and ``effect`` says in a few words what it does.

    ``seq`` is None until the run has reached the change.
    """

    bar: int
    bar_open_ms: int
    seq: int | None
    effect: str


class SyntheticStatus(msgspec.Struct, frozen=True):
    """What is synthetic about the bars, as a sentence, and the changes that the generator makes, in order.

    The models do not know the changes.
    """

    about: str
    changes: list[PlantedChange]


class FeedStatus(msgspec.Struct, frozen=True):
    """The feed and the progress of the run in it. ``synthetic`` is None for bars of a market."""

    name: str
    symbols: tuple[str, ...]
    interval_s: float
    bars_total: int
    bars_done: int
    synthetic: SyntheticStatus | None


class CountsStatus(msgspec.Struct, frozen=True):
    """Totals over the market targets, with the fills and trades of the combined book. predictions = labelled + pending +
    expired.

    alarms = alarms_acted + alarms_deferred + alarms_skipped: by the newest response to each. These and ``adaptations`` are None
    while the history of the run is read (state ``warming``).
    """

    predictions: int
    labelled: int
    pending: int
    expired: int
    fills: int
    trades: int
    alarms: int | None
    alarms_acted: int | None
    alarms_deferred: int | None
    alarms_skipped: int | None
    adaptations: int | None
    queries: int


class SystemStatus(msgspec.Struct, frozen=True):
    """The status of the run. ``detail`` is a sentence: why the run failed or waits, or what is incomplete."""

    version: str
    run_id: str
    mode: Literal["paper"]
    state: State
    detail: str | None
    feed: FeedStatus
    bars_per_second: float
    measured_bars_per_second: float | None
    seq: int
    ts_ms: int | None
    bar_open_ms: int | None
    store: str
    config_hash: str
    targets: tuple[str, ...]
    books: tuple[str, ...]
    initial_cash: float
    counts: CountsStatus
    success_metrics: SuccessMetrics
    result: msgspec.Raw | None
    decisions_sha256: str | None


# Learning.


class SessionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a session whose caller sends the examples. ``n_features`` None: as many as in the feed's schema."""

    target: str = "direction"
    horizon: int | None = None
    source: str | None = None
    n_features: int | None = None


Features = list[float] | dict[str, float]


class UpdateResult(msgspec.Struct, frozen=True):
    """The result of an update: new examples, repeated ones, and all labels that the session has used."""

    applied: int
    duplicates: int
    labels_used: int


class BatchModelStatus(msgspec.Struct, frozen=True):
    """The batch member of a session."""

    model_id: str
    version: str
    trained_ms: int
    trained_bar_open_ms: int


class SessionStatus(msgspec.Struct, frozen=True):
    """One session; it is ``ended`` once the run has finished or failed. ``age_s``: market time since its newest label."""

    session_id: str
    symbol: str
    target: str
    model_type: str
    version: str
    source: Literal["loop", "api"]
    state: Literal["learning", "in_trial", "quarantined", "ended"]
    horizon: int
    n_features: int
    labels_used: int
    pending: int
    ties: int
    quarantines: int
    age_s: float | None
    last_drift_ms: int | None
    last_drift_bar_open_ms: int | None
    last_adaptation_ms: int | None
    last_adaptation_bar_open_ms: int | None
    batch_model: BatchModelStatus | None
    skill_millinats: float | None


class SessionScores(msgspec.Struct, frozen=True):
    """Scores of a session over the whole run and over the sliding window. Model ages are None before the first label."""

    session_id: str
    model_type: str
    labels_used: int
    pending: int
    ties: int
    quarantines: int
    age_mean_s: float | None
    age_max_s: float | None
    whole_run: dict[str, MemberMetrics]
    window: dict[str, MemberMetrics]


class MemberOut(msgspec.Struct, frozen=True):
    """One member's probability and weight in a prediction; ``age_s``: market time since its newest label, or None."""

    model_id: str
    version: str
    source: str
    probability: float
    weight: float
    age_s: float | None


class PredictResponse(msgspec.Struct, frozen=True):
    """A prediction on request: not in the ledger and never labelled."""

    session_id: str
    probability: float
    confidence: float | None
    members: list[MemberOut]
    schema_id: str | None
    model_version: str


class AlarmBrief(msgspec.Struct, frozen=True):
    """A session's newest alarm."""

    alarm_id: str
    ts_ms: int
    bar_open_ms: int
    detector: str
    score: float
    change_ms: int
    change_bar_open_ms: int
    sample: int
    monitored: Monitored


class DriftStatus(msgspec.Struct, frozen=True):
    """One session's drift monitor."""

    session_id: str
    alarms: int
    last_alarm: AlarmBrief | None
    window_blocks: int
    state: Literal["stable", "drifting"]
