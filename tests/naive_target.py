"""Slow, obvious twin of one target in the loop: a queue of objects, dicts by id, and one row at a time in Python."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import msgspec
import numpy as np

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State, digest
from alpha_pulse.core.types import Bar, DriftAlarm, MemberPrediction, Missing, Prediction
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.kernels.base.scores import BASE, BATCH, LABEL, ONLINE, SERVED
from alpha_pulse.kernels.mixing import ensemble
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT, RAW_BATCH, RAW_ONLINE, SERVING_WEIGHTS
from alpha_pulse.kernels.mixing.hedge import log_loss
from alpha_pulse.learning.pending_ring import Counts
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.learning.training import SHORT, ModelReady
from alpha_pulse.learning.trial import Trial
from alpha_pulse.serving.member_mix import MemberMix
from learning_samples import STEP_NS
from naive_drift_monitor import NaiveDriftMonitor
from target_samples import DELAY_NS, PLAIN, SHARE, TRAIN_BARS, BarInput, Setting, batch_state, session_state, trained

SCORES = 500
MAX_WEIGHT = 5.0
DECILES = 10
PRIOR = 50.0
CALIBRATED = ((RAW_ONLINE, ONLINE), (RAW_BATCH, BATCH))


class Waiting(msgspec.Struct):
    """A prediction that waits for its label; ``reference`` is the median or the price that the label compares with."""

    prediction_id: str
    ts: int
    due_bar: int
    reference: float
    next_open: float = 0.0


class Ledger:
    """Predictions, first in first due; each is labelled, pending or expired."""

    def __init__(self, horizon: int, tolerance_ns: int | None) -> None:
        self.horizon = horizon
        self.ties = self.served = self.labelled = self.expired = 0
        self.waiting: deque[Waiting] = deque()
        self._tolerance_ns = tolerance_ns

    def add(self, prediction_id: str, ts: int, bar: int, reference: float) -> None:
        self.served += 1
        self.waiting.append(Waiting(prediction_id, ts, bar + self.horizon, reference))

    def note_open(self, price: float) -> None:
        if self.waiting and not self.waiting[-1].next_open:
            self.waiting[-1].next_open = price

    def due(self, bar: int) -> Waiting | None:
        if not self.waiting or self.waiting[0].due_bar > bar:
            return None
        first = self.waiting.popleft()
        if first.due_bar < bar:
            raise SessionError(f"{first.prediction_id} was due at bar {first.due_bar}, but bar {bar} came")
        return first

    def expires(self, first: Waiting, ts: int) -> bool:
        tolerance = self._tolerance_ns
        if tolerance is not None and ts > first.ts + self.horizon * STEP_NS + tolerance:
            self.expired += 1
            return True
        self.labelled += 1
        return False


class MoveWeight:
    """The weight of a direction example: its absolute move over the mean of those before it."""

    def __init__(self) -> None:
        self.total, self.count = 0.0, 0

    def weigh(self, move: float) -> float:
        size = abs(move)
        mean = self.total / self.count if self.count else size
        self.total += size
        self.count += 1
        return min(size / mean, MAX_WEIGHT) if mean > 0.0 else 1.0


def volatility_label(waiting: Waiting, realised: float, ts: int) -> Label:
    label = 1 if realised > waiting.reference else 0
    return Label(waiting.prediction_id, label, ts, symbol="X", target="volatility", value=realised / waiting.reference)


def direction_label(waiting: Waiting, bar: Bar, entry: str, min_move: float, weight: MoveWeight) -> Label:
    value = math.log(bar.close / waiting.reference)
    next_open_return = math.log(bar.close / waiting.next_open)
    move = next_open_return if entry == "next_open" else value
    label = None if abs(move) <= min_move else int(move > 0.0)
    size = weight.weigh(move) if label is not None else 1.0
    return Label(
        waiting.prediction_id, label, bar.ts_event, size,
        symbol="X", target="direction", value=value, next_open_return=next_open_return,
    )  # fmt: skip


class NaiveTrial(Trial):
    """Its arithmetic in Python."""

    def mix(self, adapted: float, control: float) -> float:
        if math.isnan(adapted):
            return control
        if math.isnan(control):
            return adapted
        return self.weight * adapted + (1.0 - self.weight) * control

    def compare(self, adapted: float, control: float, label: int) -> None:
        weight, saved, block, squares, samples = self.numbers.tolist()
        adapted_loss, control_loss = (log_loss(0.5 if math.isnan(p) else p, label) for p in (adapted, control))
        saved += control_loss - adapted_loss
        block += control_loss - adapted_loss
        samples += 1.0
        if samples % self._horizon == 0.0:
            squares += block * block
            block = 0.0
        adapted_weight = weight * math.exp(-adapted_loss / self._horizon)
        weight = adapted_weight / (adapted_weight + (1.0 - weight) * math.exp(-control_loss / self._horizon))
        self.numbers[:] = (min(max(weight, 1e-6), 1.0 - 1e-6), saved, block, squares, samples)


class NaiveBatch:
    """The batch member: it is given its model when there are `TRAIN_BARS` bars."""

    def __init__(self, setting: Setting, session_id: str) -> None:
        self.model = setting.trees()
        self.session_id = session_id
        self.ready: ModelReady | None = None

    def replace(self, ts: int) -> None:
        given = trained(self.model.n_features)
        assert given.state is not None
        self.model.restore(given.state)
        self.ready = ModelReady("lightgbm", self.session_id, given.version, given.examples, ts - STEP_NS, ts + DELAY_NS)

    def missing(self, ts: int) -> Missing | None:
        if self.ready is None:
            return Missing("lightgbm", f"not trained before {TRAIN_BARS} bars")
        return Missing("lightgbm", "trained, not ready yet") if ts < self.ready.ready_ts else None

    def state(self) -> State:
        if self.ready is None:
            return State({"ready": None, "refused": ""})
        model = self.model.snapshot()
        return State({"ready": msgspec.to_builtins(self.ready), "refused": "", "model": model.scalars}, model.arrays)


class NaiveResolved(NamedTuple):
    label: Label | None
    scored: ScoredPrediction | None
    expired: Expired | None


class NaiveTarget:
    """One target of one symbol, bar by bar."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.session = setting.session(engine_owned=False)
        self.session.engine_owned = True  # its predictions wait by id, and it keeps no baselines
        learning = setting.config.learning
        tolerance = setting.tolerance
        self.ledger = Ledger(setting.horizon, None if tolerance is None else tolerance * STEP_NS)
        self.weight = MoveWeight()
        self.min_move = math.log1p(learning.min_move_bps / 10_000.0)
        self.calibrators = setting.calibrators()
        self.batch = NaiveBatch(setting, self.session.session_id) if setting.batch else None
        self.mix = MemberMix(setting.horizon, msgspec.structs.replace(setting.config.serving, fixed_share=SHARE))
        self.threshold: float | None = None
        self.newest_served = [0.0] * SCORES
        self.scored = 0
        self.ratio_sums, self.ratio_counts = [0.0] * DECILES, [0.0] * DECILES
        self.bars = 0
        self.monitor = NaiveDriftMonitor("X", setting.target, setting.horizon, setting.config.adaptation)
        self.alarms: list[DriftAlarm] = []
        self.forecast = self.threshold_at_serving = math.nan

    def begin_trial(self, boost: float | None) -> None:
        self.session.begin_trial(boost=boost)
        begun = self.session.trial
        assert begun is not None
        self.session.trial = NaiveTrial(begun.control, self.setting.horizon)

    def resolve(self, given: BarInput) -> NaiveResolved:
        bar, spec = given.bar, self.session.spec
        self.bars += 1
        self.ledger.note_open(bar.open)
        first = self.ledger.due(self.bars)
        if first is None:
            return NaiveResolved(None, None, None)
        if self.ledger.expires(first, bar.ts_event):
            self.session.drop(first.prediction_id)
            return NaiveResolved(None, None, Expired("X", spec.target, first.prediction_id))
        if spec.target == "volatility":
            label = volatility_label(first, given.realised, bar.ts_event)
        else:
            label = direction_label(first, bar, self.setting.entry, self.min_move, self.weight)
        self.ledger.ties += label.label is None
        scored = self.session.apply_label(label)
        if scored is None:
            return NaiveResolved(label, None, None)
        self._update(scored)
        if spec.target == "volatility":
            decile = min(int(scored.values[SERVED] * DECILES), DECILES - 1)
            self.ratio_sums[decile] += label.value
            self.ratio_counts[decile] += 1.0
        self.alarms += self.monitor.observe(scored.values, bar.ts_event)
        joined = msgspec.structs.replace(label, scores=[*scored.scores], trial=[*scored.trial])
        return NaiveResolved(joined, scored, None)

    def _update(self, scored: ScoredPrediction) -> None:
        row = np.array(scored.values)
        self.mix.update(row, int(scored.example.prediction_id.rpartition("/")[2]))
        self.newest_served[self.scored] = scored.values[SERVED]
        self.scored += 1
        if self.scored == SCORES:
            self.scored = 0
            confidences = [ensemble.confidence(self.mix.arrays["mix"], p) for p in self.newest_served]
            self.threshold = max(float(np.quantile(confidences, 0.5)), 0.5)
        for calibrator, (raw, _) in zip(self.calibrators, CALIBRATED, strict=False):
            if not math.isnan(row[raw]):
                calibrator.learn(float(row[raw]), int(row[LABEL]))

    def serve(self, given: BarInput) -> Prediction | None:
        if self.batch is not None and self.bars > TRAIN_BARS and self.batch.ready is None:
            self.batch.replace(given.bar.ts_event)
        self.forecast = self.threshold_at_serving = math.nan
        of_volatility = self.session.spec.target == "volatility"
        if given.features is None or (of_volatility and not given.median > 0.0):
            return None
        prediction_id, ts = f"X/{self.session.spec.target}/{given.bar.seq}", given.bar.ts_event
        pending, quarantined = self.session.predict(prediction_id, given.features)
        row, missing = pending.row, () if quarantined is None else (quarantined,)
        if self.batch is not None:
            batch_missing = self.batch.missing(ts)
            if batch_missing is None:
                row[RAW_BATCH] = self.batch.model.predict(pending.features)
            else:
                missing = (*missing, batch_missing)
        for calibrator, (raw, place) in zip(self.calibrators, CALIBRATED, strict=False):
            if not math.isnan(row[raw]):
                row[place] = calibrator.calibrate(float(row[raw]))
        self.mix.mix(row, given.bar.seq)
        self.ledger.add(prediction_id, ts, self.bars, given.median if of_volatility else given.bar.close)
        values: list[float] = row.tolist()
        self.threshold_at_serving = math.nan if self.threshold is None else self.threshold
        if of_volatility:
            decile = min(int(values[SERVED] * DECILES), DECILES - 1)
            self.forecast = (PRIOR + self.ratio_sums[decile]) / (PRIOR + self.ratio_counts[decile]) * PLAIN
        confidence = None if self.threshold is None else values[CONFIDENT]
        return Prediction(
            prediction_id, "X", ts, self.session.spec.target, self.setting.horizon, values[SERVED], confidence,
            self._members(values, ts), quarantined is not None, missing,
        )  # fmt: skip

    def _members(self, values: list[float], ts: int) -> tuple[MemberPrediction, ...]:
        session = self.session
        age = ts - session.last_label_ts if session.last_label_ts else None
        weights = values[SERVING_WEIGHTS:]
        version = str(session.labels_used)
        members = []
        if not math.isnan(values[ONLINE]):
            members.append(MemberPrediction(self.setting.model, version, "online", values[ONLINE], weights[ONLINE], age))
        if self.batch is not None and self.batch.ready is not None and not math.isnan(values[BATCH]):
            ready = self.batch.ready
            short, age_of_batch = ready.version[:SHORT], ts - ready.trained_ts
            members.append(MemberPrediction("lightgbm", short, "batch", values[BATCH], weights[BATCH], age_of_batch))
        members.append(MemberPrediction("base_rate", "", "base", values[BASE], weights[BASE], age))
        return tuple(members)

    def state(self) -> dict[str, str]:
        """See `target_samples.TargetRun.state`."""
        pending = []
        for one in self.ledger.waiting:
            stored = self.session.waiting.get(one.prediction_id)
            control = None if stored.control_outputs is None else stored.control_outputs.tolist()
            times, prices = [one.ts, one.due_bar], [one.reference, one.next_open]
            pending.append(
                (
                    one.prediction_id,
                    stored.features.tolist(),
                    stored.outputs.tolist(),
                    control,
                    stored.row.tolist(),
                    times,
                    prices,
                )
            )
        ledger = self.ledger
        counters = session_state(self.session)
        return {
            **counters,
            "counts": repr(Counts(ledger.served, ledger.labelled, len(ledger.waiting), ledger.expired, ledger.ties)),
            "pending": repr(pending),
            "mix": self.mix.arrays["mix"].tobytes().hex(),
            "statistics": self.mix.arrays["statistics"].tobytes().hex(),
            "promotion": self.mix.arrays["promotion"].tobytes().hex(),
            "confidences": repr(self.newest_served),
            "scored": str(self.scored),
            "threshold": repr(self.threshold),
            "calibrators": repr([digest({"c": calibrator.snapshot()}) for calibrator in self.calibrators]),
            "deciles": repr(self.ratio_sums + self.ratio_counts),
            "moves": repr([self.weight.total, float(self.weight.count)]),
            "batch": "" if self.batch is None else batch_state(self.batch.state()),
            "alarms": repr((self.alarms, self.monitor.alarms, self.monitor.width)),
        }
