"""Detectors of concept drift: they watch how wrong a model is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.arrays import check_array
from alpha_pulse.core.errors import ConfigError, NonFiniteError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.detectors.base import Detection, Domain
from alpha_pulse.detectors.packed import check_same_threshold
from alpha_pulse.kernels.detection.adwin import (
    DELTA,
    DRIFT,
    FLAG,
    SCORE,
    SEEN,
    TOTAL,
    WARNING,
    WIDTH,
    adwin_state,
    adwin_step,
    adwin_steps,
)


class Adwin:
    """Keeps a window whose parts have means that do not differ, and alarms when it has to be cut: once, as a rule, per change.

    Memory grows with the logarithm of the window and is bounded, because values are kept as sums of 1, 2, 4, ...: cuts are
    tried between those only. It alarms on falls as on rises: see the sign of the score.

    Parameters
    ----------
    delta
        Confidence of one cut, within (0, 1): about the chance that a test on independent values finds one where nothing
        changes. It is a bound for a known variance; the window's own one is taken.
    clock
        Values between two tests; 1 tests at each. Sparse streams should not wait.

    Raises
    ------
    ConfigError
        ``delta`` or ``clock`` is out of range.

    Examples
    --------
    >>> detector = Adwin(delta=0.002)
    >>> alarms = [i for i in range(400) if detector.update(0.1 if i < 200 else 0.9)]
    >>> alarms[0] - 200 < 20, detector.last.drift
    (True, False)

    References
    ----------
    Bifet and Gavaldà (2007), "Learning from time-changing data with adaptive windowing", SDM,
    https://doi.org/10.1137/1.9781611972771.42
    """

    domain: Domain = "bounded"

    def __init__(self, delta: float = 0.002, clock: int = 1) -> None:
        if not 0.0 < delta < 1.0:
            raise ConfigError(f"ADWIN's delta is {delta!r}, but a number between 0 and 1 is needed; 0.002 is usual")
        if clock < 1:
            raise ConfigError(f"ADWIN's clock is {clock!r}, but at least 1 value between tests is needed; 1 tests at each")
        self._state = adwin_state(delta, clock)

    @property
    def width(self) -> int:
        """How many of the newest values the window holds."""
        return int(self._state[WIDTH])

    @property
    def mean(self) -> float:
        """The mean of the window; 0 while it is empty."""
        width = float(self._state[WIDTH])
        return float(self._state[TOTAL]) / width if width else 0.0

    @property
    def last(self) -> Detection:
        """The verdict on the newest value."""
        state = self._state
        seen = int(state[SEEN])
        flag = state[FLAG]
        return Detection(
            score=float(state[SCORE]),
            warning=bool(flag == WARNING),
            drift=bool(flag == DRIFT),
            sample=seen,
            change_sample=seen - int(state[WIDTH]),
        )

    def update(self, value: float) -> bool:
        """Take one value within [0, 1]; True when it gave a drift.

        Raises
        ------
        NonFiniteError
            The value is not within [0, 1]; it is not taken.
        """
        flag = adwin_step(self._state, float(value))
        if flag < 0:
            raise NonFiniteError(f"ADWIN was given {value!r}, but a value within [0, 1] is needed; scale the loss before")
        return flag == DRIFT

    def update_many(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Take ``values`` (n,) one by one; whether each gave a drift, (n,). Bit-equal to the same calls of `update`.

        Raises NonFiniteError, taking none, when one of them is not within [0, 1], DataError for another shape or type.
        """
        check_array("the values for ADWIN", values, (None,))
        if not ((values >= 0.0) & (values <= 1.0)).all():
            raise NonFiniteError("ADWIN was given values that are not within [0, 1]; scale the losses before")
        flags = np.empty(len(values), dtype=np.int64)
        adwin_steps(self._state, values, flags)
        drifts: NDArray[np.bool_] = flags == DRIFT
        return drifts

    def snapshot(self) -> State:
        """The packed window."""
        return State(arrays={"window": self._state.copy()})

    def restore(self, state: State) -> None:
        """Take over a packed window. Raises StateError, taking nothing, when it does not fit or was kept with another delta."""
        window = self._state.copy()
        take(window, state, "window")
        check_same_threshold("ADWIN", float(window[DELTA]), float(self._state[DELTA]))
        self._state[...] = window
