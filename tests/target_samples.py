"""One target of one symbol for tests: its session and what serves it, run by the compiled loop in blocks of bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import AdaptationConfig, Config, LearningConfig, ServingConfig
from alpha_pulse.core.stateful import State, Stateful, digest, pack, unpack
from alpha_pulse.core.types import Bar, DriftAlarm, Example, FeatureVector, Prediction
from alpha_pulse.engine.bar_rows import BarRows
from alpha_pulse.engine.target import TargetLoop
from alpha_pulse.execution.volatility_calibrator import VolatilityCalibrator
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.reader import EVEN_WEIGHT
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.drift_monitor import DriftMonitor
from alpha_pulse.learning.session import ScoredPrediction, Session, SessionSpec
from alpha_pulse.learning.training import BatchMember, Examples, Trained, train
from alpha_pulse.models.base import OnlineModel, Row
from alpha_pulse.models.calibration import Calibrator, make_calibrator
from alpha_pulse.models.gbm import LightGBM
from alpha_pulse.serving.further_members import FurtherMembers
from alpha_pulse.serving.member_mix import MemberMix
from alpha_pulse.serving.served_target import ServedTarget
from learning_samples import START_NS, STEP_NS, maker, stream

TRAIN_BARS = 40
DELAY_NS = 2 * STEP_NS
SHARE = 1e-3
WINDOW = 20
CAPACITY = 128
"""Rows of a block at most."""
PLAIN = 0.003
"""Volatility per bar without a model."""


class Setting(NamedTuple):
    """What a target is made of."""

    target: str = "direction"
    model: str = "logistic"
    horizon: int = 3
    tolerance: int | None = None
    entry: str = "close"
    min_move_bps: float = 0.0
    calibration: str = "platt"
    strategy: str = "ensemble"
    batch: bool = False
    n_features: int = 3
    called: bool = False
    train_bars: int = TRAIN_BARS
    symbol: str = "X"
    detector: str = "adwin"
    drift_threshold: float | None = None

    @property
    def config(self) -> Config:
        learning = {"label_tolerance_bars": self.tolerance, "label_entry": self.entry, "min_move_bps": self.min_move_bps}
        return Config(
            adaptation=AdaptationConfig(detector=self.detector, drift_threshold=self.drift_threshold),
            learning=msgspec.convert(learning, LearningConfig),
            serving=msgspec.convert({"calibration": self.calibration, "strategy": self.strategy}, ServingConfig),
        )

    @property
    def make_model(self) -> Callable[[], OnlineModel]:
        """A model that the loop calls back where ``called``, though it ships kernels."""
        make = maker(self.model, self.n_features, self.horizon)
        if not self.called:
            return make

        def make_called() -> OnlineModel:
            return Called(make())

        return make_called

    def session(self, *, engine_owned: bool) -> Session:
        spec = SessionSpec(self.symbol, self.target, self.model, self.horizon, self.n_features, WINDOW)
        return Session(spec, self.make_model, engine_owned=engine_owned)

    def calibrators(self) -> list[Calibrator]:
        return [make_calibrator(self.calibration, self.horizon) for _ in range(2) if self.calibration != "platt"]

    def trees(self) -> LightGBM:
        return LightGBM(self.n_features, trees=3, seed=1)


@cache
def trained(n_features: int) -> Trained:
    """The model that batch members are given."""
    rows, labels = stream(300, n_features, seed=4)
    return train(LightGBM(n_features, trees=3, seed=1), Examples(rows, labels, np.ones(300)))


class BarInput(NamedTuple):
    """A bar, its realised volatility, and the features served after it (None: nothing is served)."""

    bar: Bar
    realised: float
    features: FeatureVector | None
    median: float


class Called:
    """A model behind a class that ships no kernels, so that it is called for each row."""

    def __init__(self, model: OnlineModel) -> None:
        self.inner = model
        self.n_features = model.n_features
        self.n_outputs = model.n_outputs
        self.memory_bytes = model.memory_bytes

    def predict(self, features: Row, outputs: Row) -> float:
        return self.inner.predict(features, outputs)

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        self.inner.learn(features, label, weight, outputs)

    def predict_many(self, features: Row) -> Row:
        return self.inner.predict_many(features)

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        return self.inner.learn_many(features, labels, weights)

    def set_boost(self, factor: float) -> None:
        self.inner.set_boost(factor)

    def reset(self) -> None:
        self.inner.reset()

    def healthy(self) -> bool:
        return self.inner.healthy()

    def snapshot(self) -> State:
        return self.inner.snapshot()

    def restore(self, state: State) -> None:
        self.inner.restore(state)


class Resolved(NamedTuple):
    """What a bar made of the prediction that was due: a label, perhaps scored; or it expired. None of it where none was due."""

    label: Label | None = None
    scored: ScoredPrediction | None = None
    expired: Expired | None = None


def resolved(loop: TargetLoop, rows: BarRows, row: int) -> Resolved:
    """What became of the prediction that was due at a row."""
    codes, values = (each[row].tolist() for each in loop.gave)
    status, spec = codes[layout.STATUS], loop.session.spec
    if status == layout.NOTHING:
        return Resolved()
    prediction_id = f"{loop.session.session_id}/{codes[layout.LABEL_STEP]}"
    if status == layout.EXPIRED:
        return Resolved(expired=Expired(spec.symbol, spec.target, prediction_id))
    ts, of_direction = int(rows.ts[row]), spec.target == "direction"
    label = None if status == layout.TIE else codes[layout.LABEL_VALUE]
    weight = values[layout.WEIGHT] if of_direction else EVEN_WEIGHT
    scored = None
    if status == layout.SCORED_LABEL:
        trial = values[layout.ADAPTED_WAS : layout.CONTROL_WAS + 1] if codes[layout.COMPARED] else []
        example = Example(prediction_id, label, ts, weight)
        scored = ScoredPrediction(loop.session, example, values[layout.SCORED_ROW : layout.SERVED_ROW], trial)
    made = Label(
        prediction_id, label, ts, weight, symbol=spec.symbol, target=spec.target, value=values[layout.VALUE],
        next_open_return=values[layout.NEXT_OPEN_RETURN] if of_direction else None,
        scores=[] if scored is None else [*scored.scores], trial=[] if scored is None else [*scored.trial],
    )  # fmt: skip
    return Resolved(made, scored)


def served_prediction(loop: TargetLoop, row: int) -> Prediction | None:
    """The prediction that was served at a row, which becomes the newest one; None where none was."""
    if loop.gave[0][row, layout.WAS_SERVED] == 0:
        return None
    loop.serve(row)
    return loop.served.newest


class Served(NamedTuple):
    """What a row gave: what became of the prediction that was due; the one that was served, its forecast and threshold."""

    resolved: Resolved
    prediction: Prediction | None
    forecast: float
    threshold: float


class TargetRun:
    """A session served and labelled by `TargetLoop`.

    ``alarms`` are those of all blocks. The batch member is given its model before the first block after `TRAIN_BARS`.
    """

    def __init__(
        self, session: Session, config: Config, batch: BatchMember | None = None, calibrators: Iterable[Calibrator] = ()
    ) -> None:
        spec = session.spec
        self.session = session
        self.batch = batch
        self.mix = MemberMix(spec.horizon, msgspec.structs.replace(config.serving, fixed_share=SHARE))
        self.calibrators = list(calibrators)
        self.calibrator = VolatilityCalibrator()
        self.rows = BarRows(spec.n_features, CAPACITY)
        self.served = ServedTarget(session, batch, self.mix, self.calibrators, FurtherMembers((), 0, 1))
        self.monitor = DriftMonitor(spec.symbol, spec.target, spec.horizon, config.adaptation)
        self.loop = TargetLoop(self.served, self.calibrator, self.monitor, self.rows, config, STEP_NS)
        self.bars = 0
        self.alarms: list[DriftAlarm] = []

    @classmethod
    def of(cls, setting: Setting) -> TargetRun:
        session = setting.session(engine_owned=True)
        batch = None
        if setting.batch:
            batch = BatchMember(session.session_id, "lightgbm", setting.n_features, setting.trees, setting.train_bars)
        return cls(session, setting.config, batch, setting.calibrators())

    def begin_trial(self, boost: float | None) -> None:
        self.session.begin_trial(boost=boost)

    def block(self, given: Sequence[BarInput], between: Mapping[int, Callable[[], None]] | None = None) -> list[Served]:
        """Run the bars as one block; ``between``: what the test does between learning and serving of a row."""
        acts = between or {}
        load_rows(self.rows, given, self.bars)
        if self.batch is not None and self.bars >= TRAIN_BARS and self.batch.ready is None:
            first = given[0].bar.ts_event
            self.batch.replace(trained(self.batch.n_features), first - STEP_NS, first + DELAY_NS)
        self.bars += len(given)
        clock = self.rows.clock[: len(given)]
        clock[sorted(acts), layout.ATTENDED] = 1

        def attend(row: int) -> None:
            self.alarms += self.loop.alarms(row)
            acts.get(row, lambda: None)()

        self.loop.run(attend, [], lambda _: None)
        n, of_volatility = len(given), self.session.spec.target == "volatility"
        forecasts = self._served(layout.FORECAST, n).tolist() if of_volatility else [math.nan] * n
        thresholds = self._served(layout.THRESHOLD_AT_SERVING, n).tolist()
        found = [(resolved(self.loop, self.rows, row), served_prediction(self.loop, row)) for row in range(n)]
        return [Served(*row, *more) for row, *more in zip(found, forecasts, thresholds, strict=True)]

    def _served(self, place: int, n: int) -> Row:
        codes, values = self.loop.gave
        return np.where(codes[:n, layout.WAS_SERVED] == 1, values[:n, place], np.nan)

    def step(self, given: BarInput, between: Callable[[], None] = lambda: None) -> Served:
        """A block of one row."""
        return self.block([given], {0: between})[0]

    def components(self) -> dict[str, Stateful]:
        found: dict[str, Stateful] = {
            "session": self.session, "loop": self.loop, "mix": self.mix, "level": self.calibrator, "monitor": self.monitor,
        }  # fmt: skip
        found |= {f"calibrator {i}": calibrator for i, calibrator in enumerate(self.calibrators)}
        return found if self.batch is None else {**found, "batch": self.batch}

    def saved(self) -> bytes:
        return pack({name: component.snapshot() for name, component in self.components().items()})

    def resumed(self, setting: Setting) -> TargetRun:
        """A fresh run of the same setting that takes over what this one saves."""
        fresh = TargetRun.of(setting)
        blob = self.saved()
        states, _ = unpack(blob)
        for name, component in fresh.components().items():
            component.restore(states[name])
        fresh.bars, fresh.alarms = self.bars, self.alarms
        assert fresh.saved() == blob
        return fresh

    def state(self) -> dict[str, str]:
        """All that later rows depend on, as text that shows every bit; laid out as in `naive_target.NaiveTarget.state`."""
        ring, head = self.loop.ring, self.session.head
        slots = [(int(head[layout.FIRST]) + k) % len(ring.slots) for k in range(len(ring))]
        pending = [
            (
                ring.prediction_id(slot),
                ring.features(slot).tolist(),
                ring.outputs(slot).tolist(),
                ring.outputs(slot, control=True).tolist() if ring.slots[slot, layout.HAS_CONTROL] else None,
                ring.row(slot).tolist(),
                ring.slots[slot, [layout.SERVED_TS, layout.DUE_BAR]].tolist(),
                ring.pending[slot, [layout.REFERENCE, layout.NEXT_OPEN]].tolist(),
            )
            for slot in slots
        ]
        mix, confidences = self.mix.arrays["mix"], self.mix.arrays["confidences"]
        return {
            **session_state(self.session),
            "counts": repr(ring.counts),
            "pending": repr(pending),
            "mix": mix.tobytes().hex(),
            "statistics": self.mix.arrays["statistics"].tobytes().hex(),
            "promotion": self.mix.arrays["promotion"].tobytes().hex(),
            "confidences": repr(confidences[: layout.CONFIDENCE_SCORES].tolist()),
            "scored": str(int(confidences[layout.SCORED])),
            "threshold": repr(self.mix.threshold),
            "calibrators": repr([digest({"c": calibrator.snapshot()}) for calibrator in self.calibrators]),
            "deciles": repr(self.calibrator.deciles.tolist()),
            "moves": repr(self.loop.snapshot().arrays["moves"].tolist()),
            "batch": "" if self.batch is None else batch_state(self.batch.snapshot()),
            "alarms": repr((self.alarms, self.monitor.alarms, self.monitor.width)),
        }


def load_rows(rows: BarRows, given: Sequence[BarInput], bars_before: int) -> None:
    """Make the bars of one symbol the rows of a block, each of a slice of its own."""
    symbol, n = given[0].bar.symbol, len(given)
    rows.load(
        BarBlock.of([(one.bar,) for one in given], (symbol,)), 0, np.full(n, np.nan), np.zeros(n, dtype=np.bool_), bars_before
    )
    for row, one in enumerate(given):
        rows.prices[row, [layout.REALISED, layout.MEDIAN, layout.PLAIN]] = one.realised, one.median, PLAIN
        rows.clock[row, layout.HAS_FEATURES] = one.features is not None
        if one.features is not None:
            rows.features[row] = one.features.values[: rows.features.shape[1]]


def session_state(session: Session) -> dict[str, str]:
    trial, against = session.trial, session.against_base
    assert against is not None
    return {
        "model": digest({"m": session.model.snapshot()}),
        "good": digest({"m": session._last_good()}),
        "trial": "" if trial is None else f"{trial.numbers.tolist()} {digest({'m': trial.control.snapshot()})}",
        "scores": session.scores.tobytes().hex(),
        "against": digest({"a": against.snapshot()}),
        "counters": repr((session.labels_used, session.ties, session.quarantines, session.last_label_ts, session.age_ns)),
    }


def batch_state(state: State) -> str:
    return repr({**state.scalars, **{name: array.tolist() for name, array in state.arrays.items()}})


def vector(values: Row, ts: int, symbol: str = "X") -> FeatureVector:
    return FeatureVector(symbol, ts, "schema", np.array(values, dtype=np.float64))


def closes(labels: Iterable[int], horizon: int, move: float = 0.01) -> list[float]:
    """Closes such that the n-th label says whether the close ``horizon`` bars after the n-th is above it, by ``move``."""
    made = [100.0] * horizon
    for label in labels:
        made.append(made[-horizon] * (1.0 + move if label else 1.0 / (1.0 + move)))
    return made


def bar(step: int, close: float, open_: float | None = None, late: int = 0) -> Bar:
    """The ``step``-th bar, ``late`` intervals after it was expected."""
    first = close if open_ is None else open_
    ts = START_NS + (step + late) * STEP_NS
    return Bar("X", ts, STEP_NS, first, max(first, close), min(first, close), close, seq=step)
