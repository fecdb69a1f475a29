"""One target of one symbol in the loop: the Python side of `alpha_pulse.kernels.session.target`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import AlphaPulseError, DataError, NonFiniteError, SessionError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.core.types import AdaptationAction, DriftAlarm, Missing
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.engine.bar_rows import BarRows
from alpha_pulse.engine.row_kernels import scored_errors
from alpha_pulse.execution.volatility_calibrator import VolatilityCalibrator, bad_ratio
from alpha_pulse.journal.layout import TargetInfo
from alpha_pulse.kernels.base.addresses import ArrayTable, learn_address, predict_address
from alpha_pulse.kernels.mixing import promotion
from alpha_pulse.kernels.mixing.ensemble import RAW_ONLINE
from alpha_pulse.kernels.session import layout, member_layout
from alpha_pulse.kernels.session.layout import STOPS
from alpha_pulse.kernels.session.target import run
from alpha_pulse.learning.drift_monitor import DriftMonitor
from alpha_pulse.learning.training import BatchStatus
from alpha_pulse.models.base import Row, ships_kernels
from alpha_pulse.serving.ladder import Moment
from alpha_pulse.serving.predictions import ServedRow
from alpha_pulse.serving.served_target import ServedTarget

CALIBRATIONS = {"platt": layout.PLATT, "beta": layout.BETA, "isotonic": layout.ISOTONIC}
TARGET_CODES = {"volatility": layout.VOLATILITY, "direction": layout.DIRECTION}


class TargetLoop:
    """Runs rows of one (symbol, target): its session learns the labels that are due and serves the next predictions.

    Parameters
    ----------
    served
        Session, batch member and mixture.
    calibrator
        Of the symbol's volatility forecast, which learns the labels of ``volatility``.
    monitor
        Of the session: it detects drift in the scored labels.
    rows
        Of the symbol's bars; filled by the caller.
    config
        Of it: ``learning`` and ``serving``.
    interval_ns
        The length of a bar.
    """

    def __init__(
        self,
        served: ServedTarget,
        calibrator: VolatilityCalibrator,
        monitor: DriftMonitor,
        rows: BarRows,
        config: Config,
        interval_ns: int,
    ) -> None:
        self.served = served
        self.monitor = monitor
        self.session = served.session
        self.ring = self.session.ring
        """The predictions that wait for their labels."""
        self._rows = rows
        self._moves: Row = np.zeros(2)
        capacity = len(rows.arrays["clock"])
        self._codes: NDArray[np.int64] = np.zeros((capacity, layout.CODE_COLUMNS), dtype=np.int64)
        self._values: Row = np.zeros((capacity, layout.VALUE_COLUMNS))
        self.member_values: Row = np.zeros((capacity, member_layout.VALUES * len(served.further)))
        """Of the further members, see `alpha_pulse.kernels.session.member_layout`."""
        self._errors, self._error_times = np.zeros(capacity), np.zeros(capacity, dtype=np.int64)
        self._settings = self._made_settings(config, interval_ns)
        comparison = self.session.against_base
        assert comparison is not None
        self.limits = np.zeros(layout.LIMITS)
        """Of a tie, of the comparison and of decay; the caller sets those of decay."""
        self.limits[layout.MIN_MOVE] = math.log1p(config.learning.min_move_bps / 10_000.0)
        self.limits[layout.LOG_HALF_ALPHA] = comparison.log_half_alpha
        nothing = np.zeros(1)
        calibrators = [calibrator.packed for calibrator in served.calibrators] or [nothing, nothing]
        self._table = ArrayTable(
            layout.TABLE,
            {
                "settings": self._settings, "limits": self.limits, "head": self.session.head, **self.ring.arrays,
                "scores": self.session.scores, **comparison.arrays, **served.mix.arrays, "online_calibrator": calibrators[0],
                "batch_calibrator": calibrators[1], "deciles": calibrator.deciles, "moves": self._moves, **rows.arrays,
                "codes": self._codes, "values": self._values,
                **{f"drift_{name}": array for name, array in monitor.arrays.items()},
                "mixed": served.mix.mixed, **served.further.arrays, "member_values": self.member_values,
            },
        )  # fmt: skip
        self.compiled = ships_kernels(self.session.model) and served.further.compiled and not monitor.plugged
        """Whether no code of others is called back: the model is run by its kernels, and the detector is none of a plug-in."""
        self._connected: tuple[object, ...] = ()
        self._unserved: dict[int, Missing] = {}
        """By row, why the online model gave no probability."""
        self._failed: dict[int, list[Missing]] = {}
        """By row, why further members are left out from then on."""

    def _made_settings(self, config: Config, interval_ns: int) -> NDArray[np.int64]:
        spec, learning = self.session.spec, config.learning
        tolerance = learning.label_tolerance_bars
        settings = np.zeros(layout.SETTINGS, dtype=np.int64)
        settings[layout.TARGET] = TARGET_CODES.get(spec.target, layout.OWN)
        settings[layout.HORIZON], settings[layout.INTERVAL_NS] = spec.horizon, interval_ns
        settings[layout.TOLERANCE_NS] = layout.NEVER if tolerance is None else tolerance * interval_ns
        settings[layout.NEXT_OPEN_ENTRY] = learning.label_entry == "next_open"
        settings[layout.CALIBRATION] = CALIBRATIONS[config.serving.calibration]
        settings[layout.WIDTH], settings[layout.OUTPUTS] = spec.n_features, self.session.model.n_outputs
        settings[layout.FURTHER] = len(self.served.further)
        return settings

    @property
    def info(self) -> TargetInfo:
        """What the journal's layout says of the target."""
        spec, batch = self.session.spec, self.served.batch
        trained_by, bars = (None, 0) if batch is None else (batch.model_id, batch.status.train_bars)
        return TargetInfo(
            spec.target, spec.horizon, spec.n_features, spec.model_type, trained_by, bars, self.served.further.names
        )

    def take_labels(self, labels: NDArray[np.int64]) -> None:
        """Before `run`: the labels of an own target that become known at the rows, see `alpha_pulse.feedback.own_labels`."""
        self._codes[: len(labels), layout.LABEL_VALUE] = labels

    def _connect(self) -> None:
        """Enter the arrays that are replaced now and then: of the model, of a trial, of the batch member."""
        session, batch, settings = self.session, self.served.batch, self._settings
        model, trial = session.model, session.trial
        connected = (model, trial, self.batch_status)
        if len(self._connected) == len(connected) and all(
            now is before for now, before in zip(connected, self._connected, strict=True)
        ):
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
        settings[layout.BATCH_READY_NS] = layout.NEVER if batch is None or batch.ready is None else batch.ready.ready_ts
        if batch is not None:
            for name, array in batch.arrays.items():
                table.put(name, array)

    def run(self, attend: Callable[[int], None], pauses: Sequence[int], pause: Callable[[int], None]) -> None:
        """Run all rows of the block.

        Parameters
        ----------
        attend
            Called with a row when, between its learning and its serving, an adaptation may begin or end.
        pauses
            Rows, in order, before which ``pause`` is called with their place among the pauses; the number of rows: after all.

        Raises
        ------
        SessionError
            A prediction was due at an earlier bar, which never came.
        NonFiniteError
            Features or a realised volatility are not finite.
        """
        n, first = len(self._rows), 0
        self._unserved.clear()
        self._failed.clear()
        self._settings[layout.STRATEGY] = self.served.mix.code
        for name, array in self.served.mix.ladder.arrays.items():
            self._table.put(name, array)
        for place, stop in enumerate([*pauses, n]):
            if stop > first:
                self._run(first, stop - 1, attend)
                first = stop
            if place < len(pauses):
                pause(place)
        self._serve_newest(n - 1)

    def _run(self, row: int, last: int, attend: Callable[[int], None]) -> None:
        phase = layout.JOIN
        while row <= last:
            self._connect()
            row, reason = divmod(run(self._table.words, row, phase, last, layout.FINISH), STOPS)
            if reason == layout.DONE:
                return
            phase = self._act(row, reason, attend)

    def _act(self, row: int, reason: int, attend: Callable[[int], None]) -> int:
        """What only Python can do; returns the phase to go on with."""
        session, slot = self.session, int(self.session.head[layout.SLOT])
        if reason == layout.ATTEND:
            attend(row)
            return layout.ADAPT + 1
        if reason == layout.PERIODIC:
            session.check_health_if_due()
            self.served.mix.choose_threshold_if_due()
            return layout.UPDATE + 1
        if reason == layout.CALL_LEARN:
            self._call_model(self._call_learn, row, slot)
            return layout.LEARN + 1
        if reason == layout.CALL_MEMBERS_LEARN:
            label, weight = int(self._codes[row, layout.LABEL_VALUE]), float(self._values[row, layout.WEIGHT])
            self._left_out(row, self.served.further.call_learn(slot, self._features(slot), label, weight, self._bar(row)))
            return layout.LEARN_MEMBERS + 1
        if reason == layout.CALL_PREDICT:
            self._call_model(self._call_predict, row, slot)
            return layout.PREDICT + 1
        if reason == layout.CALL_MEMBERS_PREDICT:
            self._left_out(row, self.served.further.call_predict(slot, self._features(slot), self._bar(row)))
            return layout.PREDICT_MEMBERS + 1
        if reason == layout.DIVERGED:
            self._unserved[row] = session.quarantine()
            return layout.PREDICT + 1
        if reason == layout.NOT_FINITE:
            raise NonFiniteError(
                f"the features of prediction {self.ring.prediction_id(slot)!r} are not finite; mask missing values"
            )
        if reason == layout.BAD_RATIO:
            raise bad_ratio(float(self._values[row, layout.VALUE]))
        raise SessionError(
            f"prediction {self.ring.prediction_id(slot)!r} of {session.spec.target} was due at bar "
            f"{self.ring.slots[slot, layout.DUE_BAR]}, but bar {self._rows.clock[row, layout.BAR_NUMBER]} came"
        )

    def _features(self, slot: int) -> Row:
        """The features of a slot, in an array that a model may keep."""
        return self.ring.features(slot).copy()

    def _bar(self, row: int) -> int:
        return int(self._rows.clock[row, layout.BAR_NUMBER])

    def _left_out(self, row: int, missing: list[Missing]) -> None:
        """Note the further members that are left out from a row on."""
        if missing:
            self._failed.setdefault(row, []).extend(missing)

    def _call_model(self, call: Callable[[int, int], None], row: int, slot: int) -> None:
        """`_call_learn` or `_call_predict`; what the model raises becomes a DataError that names the bar, too."""
        spec = self.session.spec
        try:
            call(row, slot)
        except Exception as error:  # what a user's code raises is not known
            if isinstance(error, AlphaPulseError) and not isinstance(error, DataError):
                raise
            what = str(error) if isinstance(error, DataError) else f"model {spec.model_type!r} {raised(error)}"
            raise DataError(f"{what}, for {spec.target} at {self._rows.place(row, spec.symbol)}") from error

    def _call_learn(self, row: int, slot: int) -> None:
        """Let a model that is written in Python, and in a trial its control, learn the label of a slot."""
        ring, session = self.ring, self.session
        label, weight = int(self._codes[row, layout.LABEL_VALUE]), float(self._values[row, layout.WEIGHT])
        features = self._features(slot)
        if session.trial is not None:
            control = bool(ring.slots[slot, layout.HAS_CONTROL])
            session.trial.control.learn(features, label, weight, ring.outputs(slot, control=control).copy())
        session.model.learn(features, label, weight, ring.outputs(slot).copy())

    def _call_predict(self, row: int, slot: int) -> None:
        """Let a model that is written in Python, and in a trial its control, predict for the features of a slot."""
        ring, session = self.ring, self.session
        features, probabilities = self._features(slot), ring.row(slot)
        outputs = np.empty(session.model.n_outputs)
        missing = session.call_model(features, outputs, probabilities)
        if missing is not None:
            self._unserved[row] = missing
        ring.outputs(slot)[:] = outputs
        if session.trial is not None:
            session.call_control(session.trial, features, outputs, probabilities)
            ring.outputs(slot, control=True)[:] = outputs
            ring.slots[slot, layout.HAS_CONTROL] = 1

    # What a row gave.

    def alarms(self, row: int) -> list[DriftAlarm]:
        """The alarms that a scored label caused, between learning and serving of ``row``."""
        result = int(self.session.head[layout.DRIFT])
        return self.monitor.alarms_of(result, int(self._rows.ts[row])) if result else []

    def moves(self, row: int) -> list[AdaptationAction]:
        """What a scored label of a row moved on the ladder."""
        head, spec = self.session.head, self.session.spec
        event, head[layout.MOVE] = int(head[layout.MOVE]), promotion.NOTHING
        if event == promotion.NOTHING:
            return []
        return self.served.mix.ladder.actions(event, Moment(spec.symbol, spec.target, int(self._rows.ts[row])))

    def scored_rows(self, first: int, last: int) -> tuple[list[float], list[int]]:
        """Of the labels scored in rows ``first`` to ``last``: whether the online model was wrong (0 or 1), and their times."""
        n = scored_errors(self._codes, self._values, self._rows.ts, first, last, self._errors, self._error_times)
        return self._errors[:n].tolist(), self._error_times[:n].tolist()

    def serve(self, row: int) -> None:
        """Make the prediction of a row, if there is one, the newest: agents decide with it."""
        if self._codes[row, layout.WAS_SERVED] == 0:
            return
        number, ts = self._rows.clock[row, layout.SEQ], self._rows.ts[row]
        values = self._values[row].copy()
        online = self._unserved.get(row) if math.isnan(values[layout.SERVED_ROW + RAW_ONLINE]) else None
        self.served.serve(
            ServedRow(
                int(number),
                int(ts),
                self._codes[row].copy(),
                values,
                self.batch_status,
                online,
                self._further(row),
                self._failed.get(row, ()),
            )
        )

    def _further(self, row: int) -> list[tuple[float, float, int]]:
        """What the further members gave for a served row."""
        given = self.member_values[row].reshape(-1, member_layout.VALUES)[:, member_layout.SERVED :]
        return [(probability, weight, int(used)) for probability, weight, used in given.tolist()]

    def _serve_newest(self, row: int) -> None:
        """`serve` the last row up to ``row`` that served a prediction."""
        while row >= 0 and self._codes[row, layout.WAS_SERVED] == 0:
            row -= 1
        if row >= 0:
            self.serve(row)

    @property
    def batch_status(self) -> BatchStatus | None:
        """The status of the batch member, which changes between two blocks; None without one."""
        return None if self.served.batch is None else self.served.batch.status

    def missing_reasons(self) -> list[tuple[int, Missing]]:
        """Why members took no part in predictions, by row, where it is not only that the batch model is not trained yet."""
        failed = [(row, missing) for row, several in self._failed.items() for missing in several]
        status = self.batch_status
        refused = "" if status is None or status.ready is not None else status.refused
        if not self._unserved and not refused:
            return failed
        served = self._codes[: len(self._rows), layout.WAS_SERVED] == 1
        raw = self._values[: len(self._rows), layout.SERVED_ROW + RAW_ONLINE]
        reasons = [(row, missing) for row, missing in self._unserved.items() if served[row] and math.isnan(raw[row])]
        if status is not None and refused:
            reasons += [(row, Missing(status.model_id, refused)) for row in np.flatnonzero(served).tolist()]
        return reasons + failed

    @property
    def gave(self) -> tuple[NDArray[np.int64], Row]:
        """``codes`` and ``values`` of the rows, see `alpha_pulse.kernels.session.layout`."""
        return self._codes, self._values

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`: what is not part of the session, the mixture or the calibrator."""
        return State(arrays={"moves": self._moves.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take(self._moves, state, "moves")
