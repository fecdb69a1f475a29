"""The members of one (symbol, target) beside online, batch and base rate: the density, and challengers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.core.types import Missing
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.kernels.base.addresses import learn_address, predict_address
from alpha_pulse.kernels.calibration import calibration
from alpha_pulse.kernels.mixing import ensemble
from alpha_pulse.kernels.session import member_layout as places
from alpha_pulse.models.base import OnlineModel, Row, ships_kernels


class MemberSpec(msgspec.Struct, frozen=True):
    """A further member: its name, which is unique in the run, and how its model is made."""

    name: str
    make_model: Callable[[], OnlineModel | Given]


class Given:
    """Stands for the model of a member whose probability comes with each row, and which learns elsewhere."""

    n_outputs = 0

    def predict(self, features: Row, outputs: Row) -> float:
        """NaN: for other features than those of a row it has no probability."""
        return math.nan

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """It learns elsewhere."""

    def snapshot(self) -> State:
        """It is saved elsewhere."""
        return State()

    def restore(self, state: State) -> None:
        """See `snapshot`."""


class FurtherMembers:
    """Models that predict and learn the same examples as the online model, without adaptations.

    A member that gives no probability, or raises an error, is left out for `REST_BARS` bars and begins again afresh. One that
    is stopped neither predicts nor learns until it is started, and then goes on with what it had learned.

    Parameters
    ----------
    specs
        In the order of their places.
    slots
        Predictions that wait for their labels at most.
    horizon
        Bars over which labels overlap.
    """

    def __init__(self, specs: Sequence[MemberSpec], slots: int, horizon: int) -> None:
        self.names = tuple(spec.name for spec in specs)
        self._make = [spec.make_model for spec in specs]
        self.models = [make() for make in self._make]
        n, outputs = len(specs), [model.n_outputs for model in self.models]
        self._outputs_at = (places.PARTS * n + np.cumsum([0, *outputs])).tolist()
        self._members: NDArray[np.int64] = np.zeros((n, places.MEMBER_COLUMNS), dtype=np.int64)
        self._counts: NDArray[np.int64] = np.zeros((n, places.COUNT_COLUMNS), dtype=np.int64)
        self._calibrators: Row = np.zeros((n, calibration.SIZE))
        self._pending: Row = np.zeros((slots, places.pending_width(outputs)))
        self._horizon = horizon
        for k in range(n):
            calibration.start(self._calibrators[k], 1.0 / horizon)
            self._connect(k)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def compiled(self) -> bool:
        """Whether no member is called back."""
        return all(isinstance(model, Given) or ships_kernels(model) for model in self.models)

    @property
    def stopped(self) -> tuple[str, ...]:
        """The members that are stopped."""
        stopped = self._members[:, places.STOPPED].tolist()
        return tuple(name for name, is_stopped in zip(self.names, stopped, strict=True) if is_stopped)

    def stop(self, name: str) -> None:
        """Let a member neither predict nor learn from now on, also from predictions that wait for their labels."""
        k = self.names.index(name)
        self._members[k, places.STOPPED] = 1
        self._pending[:, k * places.PARTS + places.CALLED] = 0.0

    def start(self, name: str) -> None:
        """Let a member that is stopped go on."""
        self._members[self.names.index(name), places.STOPPED] = 0

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that the loop runs on, see `alpha_pulse.kernels.session.member_layout`."""
        return {"members": self._members, **self._state_arrays()}

    def _state_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "member_counts": self._counts, "member_calibrators": self._calibrators, "member_pending": self._pending,
        }  # fmt: skip

    def _connect(self, k: int) -> None:
        """Enter where the model of a member lies."""
        model, entry = self.models[k], self._members[k]
        entry[places.PREDICTS_BY] = entry[places.LEARNS_BY] = places.PYTHON
        entry[places.OUTPUTS_AT], entry[places.OUTPUTS] = self._outputs_at[k], model.n_outputs
        if isinstance(model, Given):
            entry[places.PREDICTS_BY], entry[places.LEARNS_BY] = places.GIVEN, places.NOTHING
        elif ships_kernels(model):
            state, scratch = model.kernel_state, model.kernel_scratch
            entry[places.PREDICTS_BY] = predict_address(model.predict_kernel)
            entry[places.LEARNS_BY] = learn_address(model.learn_kernel)
            entry[places.STATE], entry[places.STATE_SIZE] = state.ctypes.data, state.size
            entry[places.SCRATCH], entry[places.SCRATCH_SIZE] = scratch.ctypes.data, scratch.size

    def call_learn(self, slot: int, features: Row, label: int, weight: float, bar: int) -> list[Missing]:
        """Let the members that are written in Python, and have predicted for a slot, learn its label at a bar.

        Returns why some could not; they are left out then.
        """
        missing = []
        for k, model in enumerate(self.models):
            if self._members[k, places.LEARNS_BY] != places.PYTHON or not self._pending[slot, k * places.PARTS + places.CALLED]:
                continue
            try:
                model.learn(features, label, weight, self._outputs(slot, k).copy())
            except Exception as error:  # what others wrote may raise anything
                missing.append(self._rest(k, bar, raised(error)))
        return missing

    def call_predict(self, slot: int, features: Row, bar: int) -> list[Missing]:
        """Let the members that are written in Python predict for a slot at a bar; returns why members gave no probability.

        Those are left out then.
        """
        missing = []
        for k, counts in enumerate(self._counts):
            reason = "diverged" if counts[places.FAILED] else ""
            called = self._members[k, places.PREDICTS_BY] == places.PYTHON and not self._members[k, places.STOPPED]
            if called and bar >= counts[places.RESTS_UNTIL]:
                reason = self._predict(slot, k, features)
            if reason:
                missing.append(self._rest(k, bar, reason))
        return missing

    def _predict(self, slot: int, k: int, features: Row) -> str:
        """Let a member predict; returns why it gave no probability, or an empty text."""
        outputs, part = np.empty(self.models[k].n_outputs), k * places.PARTS
        try:
            probability = self.models[k].predict(features, outputs)
        except Exception as error:  # what others wrote may raise anything
            return raised(error)
        if not 0.0 <= probability <= 1.0:
            return "diverged"
        self._outputs(slot, k)[:] = outputs
        self._pending[slot, part + places.RAW], self._pending[slot, part + places.CALLED] = probability, 1.0
        return ""

    def query(self, features: Row) -> Row:
        """The probabilities of the members for features that are not served, (members,); NaN where one has none."""
        probabilities: Row = np.full(len(self), np.nan)
        for k, model in enumerate(self.models):
            if self._members[k, places.STOPPED]:
                continue
            try:
                raw = model.predict(features, np.empty(model.n_outputs))
            except Exception:  # what others wrote may raise anything; the next served prediction says what
                continue
            if 0.0 <= raw <= 1.0:
                probabilities[k] = ensemble.rounded(calibration.calibrate(self._calibrators[k], calibration.logit(raw)))
        return probabilities

    @property
    def failures(self) -> list[int]:
        """How often each member failed."""
        failures: list[int] = self._counts[:, places.FAILURES].tolist()
        return failures

    @property
    def labels_used(self) -> list[int]:
        """The labels that each member has learned."""
        used: list[int] = self._counts[:, places.LABELS].tolist()
        return used

    def _rest(self, k: int, bar: int, reason: str) -> Missing:
        """Leave a member out for a while; it begins again with a fresh model and calibrator."""
        self._counts[k, places.FAILURES] += 1
        self._counts[k, places.RESTS_UNTIL] = bar + places.REST_BARS
        self._counts[k, places.LABELS] = 0
        self._pending[:, k * places.PARTS + places.CALLED] = 0.0  # what waits was predicted by the former model
        calibration.start(self._calibrators[k], 1.0 / self._horizon)
        self.models[k].restore(self._make[k]().snapshot())
        return Missing(self.names[k], f"it {reason}; it begins again after {places.REST_BARS} bars")

    def _outputs(self, slot: int, k: int) -> Row:
        return self._pending[slot, self._outputs_at[k] : self._outputs_at[k + 1]]

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        saved = [model.snapshot() for model in self.models]
        arrays = {f"{k}/{name}": array for k, state in enumerate(saved) for name, array in state.arrays.items()}
        arrays |= {name: array.copy() for name, array in self._state_arrays().items()}
        return State({"models": [state.scalars for state in saved], "stopped": list(self.stopped)}, arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        for k, (model, scalars) in enumerate(zip(self.models, state.scalars["models"], strict=True)):
            arrays = {name.partition("/")[2]: array for name, array in state.arrays.items() if name.startswith(f"{k}/")}
            model.restore(State(scalars, arrays))
        take_all(self._state_arrays(), state)
        for k, name in enumerate(self.names):
            self._members[k, places.STOPPED] = 1 if name in state.scalars.get("stopped", ()) else 0
