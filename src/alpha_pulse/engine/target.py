"""One target of one symbol in the loop: the Python side of `alpha_pulse.kernels.session.target`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NonFiniteError, SessionError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.core.types import Example, Missing, Prediction
from alpha_pulse.engine.bar_rows import BarRows
from alpha_pulse.execution.volatility_calibrator import VolatilityCalibrator, bad_ratio
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.kernels.base.addresses import ArrayTable, learn_address, predict_address
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session.layout import FINISH, JOIN, LEARN, PREDICT, STOPS, UPDATE
from alpha_pulse.kernels.session.target import run
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.models.base import Row, ships_kernels
from alpha_pulse.serving.model_serving_service import ServedTarget

CALIBRATIONS = {"platt": layout.PLATT, "beta": layout.BETA, "isotonic": layout.ISOTONIC}
EVEN_WEIGHT = Example("", None, 0).weight
"""The default itself, which the journal leaves out."""
TARGET_CODES = {"volatility": layout.VOLATILITY, "direction": layout.DIRECTION}


class Resolved(NamedTuple):
    """What a bar made of the prediction that was due: a label, perhaps scored; or it expired."""

    label: Label | None
    scored: ScoredPrediction | None
    expired: Expired | None


NOTHING_DUE = Resolved(None, None, None)


class TargetLoop:
    """Runs the rows of one (symbol, target): its session learns due labels and serves the next prediction.

    Parameters
    ----------
    served
        Session, batch member and mixture.
    calibrator
        Of the symbol's volatility forecast, which learns the labels of ``volatility``.
    rows
        Of the symbol's bars; filled by the caller.
    config
        Of it: ``learning`` and ``serving``.
    interval_ns
        The length of a bar.
    """

    def __init__(
        self, served: ServedTarget, calibrator: VolatilityCalibrator, rows: BarRows, config: Config, interval_ns: int
    ) -> None:
        self._served = served
        self._session = served.session
        self.ring = self._session.ring
        """The predictions that wait for their labels."""
        self._moves: Row = np.zeros(2)
        n = len(rows.clock)
        self._codes: NDArray[np.int64] = np.zeros((n, layout.CODE_COLUMNS), dtype=np.int64)
        self._values: Row = np.zeros((n, layout.VALUE_COLUMNS))
        self._settings = self._made_settings(config, interval_ns)
        limits = np.array([math.log1p(config.learning.min_move_bps / 10_000.0), 0.0])
        comparison = self._session.against_base
        assert comparison is not None
        limits[layout.LOG_HALF_ALPHA] = comparison.log_half_alpha
        nothing = np.zeros(1)
        calibrators = [calibrator.packed for calibrator in served.calibrators] or [nothing, nothing]
        self._table = ArrayTable(
            layout.TABLE,
            {
                "settings": self._settings, "limits": limits, "head": self._session.head, **self.ring.arrays,
                "scores": self._session.scores, **comparison.arrays, **served.mix.arrays, "online_calibrator": calibrators[0],
                "batch_calibrator": calibrators[1], "deciles": calibrator.deciles, "moves": self._moves, **rows.arrays,
                "codes": self._codes, "values": self._values,
            },
        )  # fmt: skip
        self._quarantined: Missing | None = None
        self._connected: tuple[object, ...] = ()

    def _made_settings(self, config: Config, interval_ns: int) -> NDArray[np.int64]:
        spec, learning = self._session.spec, config.learning
        tolerance = learning.label_tolerance_bars
        settings = np.zeros(layout.SETTINGS, dtype=np.int64)
        settings[layout.TARGET] = TARGET_CODES[spec.target]
        settings[layout.HORIZON], settings[layout.INTERVAL_NS] = spec.horizon, interval_ns
        settings[layout.TOLERANCE_NS] = layout.NEVER if tolerance is None else tolerance * interval_ns
        settings[layout.NEXT_OPEN_ENTRY] = learning.label_entry == "next_open"
        settings[layout.CALIBRATION] = CALIBRATIONS[config.serving.calibration]
        settings[layout.WIDTH], settings[layout.OUTPUTS] = spec.n_features, self._session.model.n_outputs
        return settings

    def _connect(self) -> None:
        """Enter the arrays that are replaced now and then: of the model, of a trial, of the batch member."""
        session, batch, settings = self._session, self._served.batch, self._settings
        model, trial = session.model, session.trial
        settings[layout.CHAMPION] = self._served.mix.champion
        examples = None if batch is None else batch.arrays["gathered"]
        connected = (model, trial, None if batch is None else batch.ready, examples)
        if all(now is before for now, before in zip(connected, self._connected, strict=False)) and self._connected:
            return
        self._connected = connected
        table = self._table
        settings[layout.PREDICT_AT] = settings[layout.LEARN_AT] = layout.PYTHON
        if ships_kernels(model):
            settings[layout.PREDICT_AT] = predict_address(model.predict_kernel)
            settings[layout.LEARN_AT] = learn_address(model.learn_kernel)
            table.put("model", model.kernel_state)
            table.put("scratch", model.kernel_scratch)
        settings[layout.IN_TRIAL] = trial is not None
        if trial is not None:
            table.put("trial", trial.numbers)
            if ships_kernels(trial.control):
                table.put("control", trial.control.kernel_state)
        settings[layout.GATHERING] = batch is not None and batch.gathering
        settings[layout.BATCH_READY_NS] = layout.NEVER if batch is None or batch.ready is None else batch.ready.ready_ts
        if batch is not None:
            for name, array in batch.arrays.items():
                table.put(name, array)

    def resolve(self) -> Resolved:
        """Label, score and learn the prediction that the bar in the rows makes due.

        Raises
        ------
        SessionError
            The prediction was due at an earlier bar, which never came.
        NonFiniteError
            The realised volatility is not finite.
        """
        batch = self._served.batch
        if batch is not None and batch.gathering:
            batch.make_room()
        self._connect()
        self._run(JOIN, UPDATE)
        return self._resolved()

    def serve(self) -> Prediction | None:
        """Serve the prediction for the features in the rows; None where there are none.

        Raises NonFiniteError for features that are not finite.
        """
        self._connect()
        self._quarantined = None
        self._run(PREDICT, FINISH)
        codes, served = self._codes[0], self._served
        if codes[layout.WAS_SERVED] == 0:
            return None
        values: list[float] = self._values[0, layout.SERVED_ROW :].tolist()
        quarantined = self._quarantined if math.isnan(values[RAW_ONLINE]) or not self._session.in_trial else None
        slot, ts = (
            int(self._session.head[layout.SLOT]),
            int(self.ring.slots[self._session.head[layout.SLOT], layout.SERVED_TS]),
        )
        missing = tuple(each for each in (quarantined, served.missing_batch(ts)) if each is not None)
        prediction_id = self.ring.prediction_id(slot)
        served.newest = served.prediction(prediction_id, ts, values, missing, quarantined=quarantined is not None)
        return served.newest

    def _run(self, first_phase: int, last_phase: int) -> None:
        phase = first_phase
        while phase <= last_phase:
            reason = run(self._table.words, 0, phase, 0, last_phase) % STOPS
            if reason == layout.DONE:
                return
            phase = self._act(reason)

    def _act(self, reason: int) -> int:
        """What only Python can do; returns the phase to go on with."""
        session, slot = self._session, int(self._session.head[layout.SLOT])
        if reason == layout.PERIODIC:
            session.check_health_if_due()
            self._served.mix.choose_threshold_if_due()
            return UPDATE + 1
        if reason == layout.CALL_LEARN:
            self._call_learn(slot)
            return LEARN + 1
        if reason == layout.CALL_PREDICT:
            self._call_predict(slot)
            return PREDICT + 1
        if reason == layout.DIVERGED:
            self._quarantined = session.quarantine()
            return PREDICT + 1
        if reason == layout.NOT_FINITE:
            raise NonFiniteError(
                f"the features of prediction {self.ring.prediction_id(slot)!r} are not finite; mask missing values"
            )
        if reason == layout.BAD_RATIO:
            raise bad_ratio(float(self._values[0, layout.VALUE]))
        raise SessionError(
            f"prediction {self.ring.prediction_id(slot)!r} of {session.spec.target} was due at bar "
            f"{self.ring.slots[slot, layout.DUE_BAR]}, but bar {self._table.array('clock')[0, layout.BAR_NUMBER]} came"
        )

    def _call_learn(self, slot: int) -> None:
        """Let a model that is written in Python, and in a trial its control, learn the label of a slot."""
        ring, session = self.ring, self._session
        label, weight = int(self._codes[0, layout.LABEL_VALUE]), float(self._values[0, layout.WEIGHT])
        features = ring.features(slot).copy()
        if session.trial is not None:
            control = bool(ring.slots[slot, layout.HAS_CONTROL])
            session.trial.control.learn(features, label, weight, ring.outputs(slot, control=control).copy())
        session.model.learn(features, label, weight, ring.outputs(slot).copy())

    def _call_predict(self, slot: int) -> None:
        """Let a model that is written in Python, and in a trial its control, predict for the features of a slot."""
        ring, session = self.ring, self._session
        features, row = ring.features(slot).copy(), ring.row(slot)
        outputs = np.empty(session.model.n_outputs)
        self._quarantined = session.call_model(features, outputs, row)
        ring.outputs(slot)[:] = outputs
        if session.trial is not None:
            session.call_control(session.trial, features, outputs, row)
            ring.outputs(slot, control=True)[:] = outputs
            ring.slots[slot, layout.HAS_CONTROL] = 1

    def _resolved(self) -> Resolved:
        codes = self._codes[0].tolist()
        status = codes[layout.STATUS]
        if status == layout.NOTHING:
            return NOTHING_DUE
        spec = self._session.spec
        prediction_id = f"{self._session.session_id}/{codes[layout.LABEL_STEP]}"
        if status == layout.EXPIRED:
            return Resolved(None, None, Expired(spec.symbol, spec.target, prediction_id))
        ts = int(self._table.array("clock")[0, layout.TS])
        values: list[float] = self._values[0].tolist()
        label = None if status == layout.TIE else codes[layout.LABEL_VALUE]
        of_direction = spec.target == "direction"
        next_open = values[layout.NEXT_OPEN_RETURN] if of_direction else None
        weight = values[layout.WEIGHT] if of_direction else EVEN_WEIGHT
        scored = None
        if status == layout.SCORED_LABEL:
            trial = values[layout.ADAPTED_WAS : layout.CONTROL_WAS + 1] if codes[layout.COMPARED] else []
            example = Example(prediction_id, label, ts, weight)
            scored = ScoredPrediction(self._session, example, values[layout.SCORED_ROW : layout.SERVED_ROW], trial)
        return Resolved(
            Label(
                prediction_id, label, ts, weight, symbol=spec.symbol, target=spec.target,
                value=values[layout.VALUE], next_open_return=next_open,
                scores=[] if scored is None else [*scored.scores], trial=[] if scored is None else [*scored.trial],
            ),
            scored,
            None,
        )  # fmt: skip

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`: what is not part of the session, the mixture or the calibrator."""
        return State(arrays={"moves": self._moves.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take(self._moves, state, "moves")
